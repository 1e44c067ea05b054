// The examples of the S3 documentation, to the last byte, and what must be exact besides.
#include "blob/s3/signer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/digest.hpp"

namespace vedette::blob::s3 {
namespace {

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr std::string_view kRegion = "us-east-1";

Instant example_time() {
  return *from_rfc3339("2013-05-24T00:00:00Z");
}

Signable example(std::string path) {
  Signable request;
  request.path = std::move(path);
  request.headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", std::string(kEmptyPayload)},
                     {"x-amz-date", "20130524T000000Z"}};
  return request;
}

std::string first_of_digest(const Signable& request) {
  return sha256_hex(canonical_request(request)).substr(0, 16);
}

std::string signature_of(const Signable& request) {
  const auto text = authorization(kExample, kRegion, example_time(), request);
  return text.substr(text.rfind('=') + 1);
}

TEST(Signer, GetsAnObject) {
  auto request = example("/test.txt");
  request.headers.emplace_back("Range", "bytes=0-9");
  EXPECT_EQ(first_of_digest(request), "7344ae5b7ee6c3e7");
  EXPECT_EQ(authorization(kExample, kRegion, example_time(), request),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Signer, PutsAnObject) {
  auto request = example("/" + encode_path("test$file.text"));
  request.method = "PUT";
  request.payload_hash = sha256_hex("Welcome to Amazon S3.");
  request.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                     {"Host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", request.payload_hash},
                     {"x-amz-date", "20130524T000000Z"},
                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  EXPECT_EQ(first_of_digest(request), "9e0e90d9c76de8fa");
  EXPECT_EQ(signature_of(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Signer, WritesAParameterWithoutAValueWithItsSign) {
  auto request = example("/");
  request.query = {{"lifecycle", ""}};
  EXPECT_EQ(first_of_digest(request), "9766c798316ff275");
  EXPECT_EQ(signature_of(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(Signer, SortsTheQuery) {
  auto request = example("/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(first_of_digest(request), "df57d21db20da04d");
  EXPECT_EQ(signature_of(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Signer, SignsAnAddress) {
  Signable request;
  request.path = "/test.txt";
  request.headers = {{"Host", "examplebucket.s3.amazonaws.com"}};
  const auto query =
      presigned_query(kExample, kRegion, example_time(), std::chrono::seconds(86400), request);
  EXPECT_EQ(query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(Signer, SignsATokenInTheAddressToo) {
  auto credentials = kExample;
  credentials.session_token = "a/b=";
  const auto query = presigned_query(credentials, kRegion, example_time(), std::chrono::seconds(60),
                                     example("/k"));
  EXPECT_TRUE(query.contains("&X-Amz-Security-Token=a%2Fb%3D&")) << query;
  EXPECT_TRUE(query.substr(query.rfind('&')).starts_with("&X-Amz-Signature="));
}

TEST(Signer, EncodesAllThatIsNotPlain) {
  EXPECT_EQ(encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(encode("a b+c=d%e/f"), "a%20b%2Bc%3Dd%25e%2Ff");
  EXPECT_EQ(encode_path("a b/c+ü"), "a%20b/c%2B%C3%BC");
  EXPECT_EQ(encode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(Signer, SortsByTheEncodedName) {
  // "a-" before "a/" as bytes; encoded, %2F comes before -.
  EXPECT_EQ(canonical_query({{"a-", "1"}, {"a/", "2"}, {"uploads", ""}}), "a%2F=2&a-=1&uploads=");
  EXPECT_EQ(canonical_query({{"k", "b"}, {"k", "a"}}), "k=a&k=b");
  EXPECT_EQ(canonical_query({}), "");
}

TEST(Signer, SqueezesBlanksInFieldsAndLowersTheirNames) {
  Signable request;
  request.headers = {{"X-B", "  one   two "}, {"HOST", "h"}};
  EXPECT_EQ(canonical_request(request),
            "GET\n/\n\nhost:h\nx-b:one two\n\nhost;x-b\n" + std::string(kEmptyPayload));
}

TEST(Signer, DatesAreWholeSeconds) {
  EXPECT_EQ(amz_date(*from_rfc3339("2026-11-27T13:08:59.999Z")), "20261127T130859Z");
}

}  // namespace
}  // namespace vedette::blob::s3
