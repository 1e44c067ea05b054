// Times as they come in queries and settings: what reads must read again from its own text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto instant = vedette::from_rfc3339({reinterpret_cast<const char*>(data), size});
  if (!instant) return 0;
  const auto again = vedette::from_rfc3339(vedette::to_rfc3339(*instant));
  if (!again || *again != *instant) std::abort();
  return 0;
}
