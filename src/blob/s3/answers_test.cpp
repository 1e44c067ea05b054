#include "blob/s3/answers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "blob/s3/xml.hpp"

namespace vedette::blob::s3 {
namespace {

TEST(Answers, ReadsAnError) {
  const auto error = read_error(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>"
      "<Message>Please\nreduce &lt;your&gt; rate</Message><Region>eu-1</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "SlowDown");
  EXPECT_EQ(error->message, "Please reduce <your> rate");
  EXPECT_EQ(error->region, "eu-1");
  EXPECT_FALSE(read_error("<html/>"));
  EXPECT_FALSE(read_error(""));
  const auto longer =
      read_error("<Error><Message>" + std::string(500, 'x') + "\xC3\xBC</Message></Error>");
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->message.size(), 200U);
}

TEST(Answers, ReadsAList) {
  const auto list = read_list(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
      "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<Contents><Key>a%20b%2Bc+d</Key><Size>12</Size>"
      "<LastModified>2026-11-27T12:00:00.000Z</LastModified><ETag>&quot;abc&quot;</ETag></Contents>"
      "</ListBucketResult>");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_TRUE(list->is_truncated);
  ASSERT_EQ(list->objects.size(), 1U);
  EXPECT_EQ(list->objects[0].key, "a b+c d");
  EXPECT_EQ(list->objects[0].size, 12U);
  EXPECT_EQ(list->objects[0].tag, "abc");
  EXPECT_EQ(list->objects[0].modified, *from_rfc3339("2026-11-27T12:00:00Z"));
  const auto raw = read_list(
      "<ListBucketResult><Contents><Key>a+b%20</Key><Size>1</Size></Contents></ListBucketResult>");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->objects[0].key, "a+b%20") << "it does not say that keys are encoded";
  for (const auto* wrong :
       {"<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%2</Key><Size>1</Size>"
        "</Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult>", "<Error/>", ""}) {
    EXPECT_FALSE(read_list(wrong)) << wrong;
  }
}

TEST(Answers, AnXmlThatWouldGrowIsRefused) {
  EXPECT_FALSE(read_xml("<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_FALSE(read_xml(deep));
  std::string many = "<a>";
  for (int i = 0; i < 200'000; ++i) many += "<b/>";
  EXPECT_FALSE(read_xml(many + "</a>"));
  EXPECT_FALSE(read_xml("<a></b>"));
  EXPECT_EQ(read_xml("<x:a xmlns:x='y'><x:b>1</x:b></x:a>")->text_of("b"), "1");
}

TEST(Answers, AnXmlAboutSomethingElseIsNotReadToItsEnd) {
  EXPECT_EQ(read_xml("<?xml version='1.0'?><!-- a --><x:a xmlns:x='y'>1</x:a>", "a")->text, "1");
  const auto other = read_xml("<b><a>1</a></broken>", "a");
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().message.contains("something else")) << other.error().message;
}

TEST(Answers, ReadsRangesDatesAndTags) {
  const auto range = read_content_range("bytes 10-19/100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 10U);
  EXPECT_EQ(range->last, 19U);
  EXPECT_EQ(range->total, 100U);
  for (const auto* wrong : {"", "bytes 10-9/100", "bytes 0-100/100", "bytes */100", "bytes 0-1/*",
                            "items 0-1/2", "bytes 0-18446744073709551616/99"}) {
    EXPECT_FALSE(read_content_range(wrong)) << wrong;
  }
  EXPECT_EQ(read_http_date("Fri, 24 May 2013 00:00:00 GMT"), from_rfc3339("2013-05-24T00:00:00Z"));
  for (const auto* wrong : {"", "Fri, 32 May 2013 00:00:00 GMT", "Fri, 24 May 2013 25:00:00 GMT",
                            "Friday, 24-May-13 00:00:00 GMT", "Fri, 24 Mai 2013 00:00:00 GMT"}) {
    EXPECT_FALSE(read_http_date(wrong)) << wrong;
  }
  EXPECT_EQ(read_tag("\"abc-2\""), "abc-2");
  EXPECT_EQ(read_tag("W/\"a\""), "a");
  EXPECT_EQ(read_tag("\"a\r\nb\""), "ab");
}

}  // namespace
}  // namespace vedette::blob::s3
