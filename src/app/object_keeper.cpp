#include "app/object_keeper.hpp"

#include "base/log.hpp"
#include "blob/store.hpp"

namespace vedette::app {
namespace {

constexpr Micros kLongestWrite = std::chrono::days(1);

}  // namespace

work::LoopSpec object_keeper_loop(blob::Store& blobs, Micros every) {
  work::LoopSpec spec;
  spec.name = "object-sweep";
  spec.title = "Sweep of objects";
  spec.role = work::Role::kKeep;
  spec.lease = spec.name;
  spec.body = [&blobs, every](work::LoopContext& context) -> Result<void> {
    do {
      context.running();
      const auto start = std::chrono::steady_clock::now();
      VEDETTE_TRY(swept, blobs.sweep(kLongestWrite, context.stop_token()));
      if (swept.removed > 0) {
        log::info("blob", "removed {} unfinished objects from {}", swept.removed, blobs.place());
      }
      context.success(std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start));
    } while (context.wait(every));
    return {};
  };
  return spec;
}

}  // namespace vedette::app
