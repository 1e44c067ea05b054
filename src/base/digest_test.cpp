#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vedette {
namespace {

// FIPS 180-4's examples.
TEST(Digest, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abc")), sha256_hex("abc"));
}

// RFC 4231, cases 2 and 6, and nothing at all.
TEST(Digest, HmacIsThatOfTheStandard) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, ADigestIsAKeyForTheNext) {
  const Sha256 key = hmac_sha256("a", "b");
  EXPECT_EQ(as_bytes(key).size(), 32U);
  EXPECT_EQ(hmac_sha256(as_bytes(key), "c"), hmac_sha256(std::string(as_bytes(key)), "c"));
}

TEST(Digester, GivesForPiecesWhatTheWholeGives) {
  Digester sha(Digester::Kind::kSha256);
  Digester md5(Digester::Kind::kMd5);
  for (const auto* piece : {"", "ab", "c"}) {
    sha.add(piece);
    md5.add(piece);
  }
  EXPECT_EQ(to_hex(sha.finish()), sha256_hex("abc"));
  EXPECT_EQ(to_hex(md5.finish()), "900150983cd24fb0d6963f7d28e17f72") << "RFC 1321, A.5";
}

}  // namespace
}  // namespace vedette
