// One answer on its way out: what is to be sent, and how far the kernel has taken it. Also the one
// place where an answer is fitted to its request: 304, encoding, range, HEAD. Internal to http.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::http {

class Outgoing {
 public:
  enum class Progress { kDone, kBlocked, kBroken };

  /// What the connection adds to every head.
  struct Facts {
    std::string_view date_field;    // with its line end
    bool close = false;             // "Connection: close"
    bool keep_alive_field = false;  // HTTP/1.0 clients want it said
  };

  /// Takes the response apart. `request` gives method and conditions. A stream has only its head
  /// here; take_stream() gives the rest.
  void prepare(const Request& request, Response&& response, const Facts& facts);
  std::shared_ptr<Stream> take_stream() { return std::move(stream_); }
  /// The head as text, for a stream's first buffer; valid until the next call.
  std::string take_head() { return std::move(head_); }
  int status() const { return status_; }

  /// Sends what the socket takes without waiting, at most about 1 MiB at a time (kBlocked then too,
  /// and the socket may be writable); adds the bytes taken to `sent_bytes`.
  Progress send_some(int socket, std::uint64_t& sent_bytes);
  /// Forgets the content but keeps the memory for the next answer.
  void clear();

 private:
  void prepare_cached(const Request& request, const CachedBody& body, const Facts& facts);
  void prepare_other(const Request& request, Response& response, const Facts& facts);
  void set_cached_content(const CachedBody::Variant& variant);
  void finish_head(const Facts& facts);

  int status_ = 200;
  std::string_view prebuilt_;  // into cached_
  std::string head_;
  std::string_view content_;  // into cached_ or owned_
  std::string owned_;
  std::shared_ptr<const CachedBody> cached_;
  std::shared_ptr<const FileBody> file_;
  std::shared_ptr<Stream> stream_;
  int file_descriptor_ = -1;  // of file_ or of a variant of cached_
  std::uint64_t file_offset_ = 0;
  std::uint64_t file_left_ = 0;
  std::size_t sent_ = 0;  // of prebuilt_, head_ and content_ together
};

/// Compresses an owned body if the client wants it and it is worth it. CPU-bound: called on the
/// pool, not on io threads.
void compress_owned(const Request& request, Response& response);

}  // namespace vedette::http
