// The global operator new of the test program, which counts. In a file of its own, so that the
// compiler sees no pairing of this new with the library's delete.
#include "traffic/tracker_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> count{0};
}  // namespace

namespace vedette::traffic::testing {
long allocations() {
  return count;
}
}  // namespace vedette::traffic::testing

void* operator new(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The library's own would do, but for AddressSanitizer's, which is not paired with our delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
