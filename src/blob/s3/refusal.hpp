// What an answer of S3 that is no success means, as a sentence and a code. Used by the client.
// Pure; any thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "blob/s3/answers.hpp"

namespace vedette::blob::s3 {

struct Refused {
  std::string place;  // "the bucket b at s3.example.org"
  std::string what;   // the key; empty: the bucket
  int status = 0;
  ErrorAnswer answer = {};
  std::string location = {};  // the field
  std::string region = {};    // the field x-amz-bucket-region
  bool is_anonymous = false;
};

/// `retryable` where the same request may succeed later by itself. `detail` is the server's code.
Error refusal(const Refused& refused);

}  // namespace vedette::blob::s3
