// An upload's form from any bytes, read file by file as the handler does: files and fields are
// those that the form's reader tells, and nothing is made of what is skipped. The first line is the
// content type, the rest the body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/imagery/upload_form.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  vedette::http::Request request;
  request.body = end == std::string_view::npos ? std::string() : std::string(input.substr(end + 1));
  std::string type(input.substr(0, end));
  if (type.find_first_of("\r\n") != std::string::npos) return 0;
  request.headers.add("Content-Type", type);
  // Once read to the end, once with every file skipped: the same files.
  int files[2] = {0, 0};
  for (const bool is_read : {true, false}) {
    auto form = vedette::api::UploadForm::open(request, 3);
    if (!form) return 0;
    std::size_t bytes = 0;
    for (;;) {
      auto file = form->next_file();
      if (!file || !*file) break;
      ++files[is_read ? 0 : 1];
      while (is_read) {
        const auto piece = form->read();
        if (!piece || piece->empty()) break;
        bytes += piece->size();
      }
    }
    if (bytes > request.body.size()) std::abort();
  }
  if (files[0] != files[1]) std::abort();
  return 0;
}
