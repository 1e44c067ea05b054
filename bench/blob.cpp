// The store of objects for bench/blob.py: puts and gets one large object or many small ones, and
// signs addresses for curl. Prints seconds and the most memory it held, one line a run.
//
// Usage: blob put|get KEY FILE | put-many|get-many FOLDER COUNT THREADS | sign GET|PUT KEY
// The store is what BLOB_FOLDER, or BLOB_ENDPOINT, BLOB_BUCKET, BLOB_ACCESS_KEY and BLOB_SECRET_KEY
// say; BLOB_SYNC=full waits for the disk.
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "blob/s3/route.hpp"
#include "blob/s3/signer.hpp"
#include "blob/store.hpp"

namespace {

using namespace vedette;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

blob::StoreOptions options() {
  blob::StoreOptions all;
  all.folder = {.folder = variable("BLOB_FOLDER"), .is_synced = variable("BLOB_SYNC") == "full"};
  all.s3.endpoint = variable("BLOB_ENDPOINT");
  all.s3.bucket = variable("BLOB_BUCKET");
  all.s3.access_key = variable("BLOB_ACCESS_KEY");
  all.s3.secret_key = variable("BLOB_SECRET_KEY");
  return all;
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Each thread takes the next number.
template <class Work>
void share_out(int count, int threads, Work work) {
  std::atomic<int> next = 0;
  std::vector<std::jthread> pool;
  for (int i = 0; i < threads; ++i) {
    pool.emplace_back([&] {
      for (int number = next++; number < count; number = next++) work(number);
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) return 2;
  const auto opened = must(blob::open(options()));
  auto& store = *opened;
  const auto start = std::chrono::steady_clock::now();
  if (words[0] == "sign") {
    const auto s3 = options().s3;
    const auto route = must(blob::s3::make_route(s3));
    const blob::s3::Signable request{
        words[1], route.path(words[2]), {}, {{"host", route.host_field()}}};
    fmt::print("{}{}?{}\n", s3.endpoint, request.path,
               blob::s3::presigned_query({s3.access_key, s3.secret_key}, s3.region,
                                         SystemClock().now(), std::chrono::hours(1), request));
    return 0;
  }
  if (words[0] == "put") {
    must(store.put(words[1], must(blob::from_file(words[2])), {}));
  } else if (words[0] == "get") {
    must(store.get_file(words[1], words[2]));
  } else if (words.size() == 4) {
    const std::string folder = words[1];
    const int count = std::stoi(words[2]);
    const int threads = std::stoi(words[3]);
    share_out(count, threads, [&](int number) {
      const auto file = fmt::format("{}/{}.bin", folder, number);
      const auto key = fmt::format("small/{}.bin", number);
      if (words[0] == "put-many") {
        must(store.put(key, must(blob::from_file(file)), {}));
      } else {
        must(store.get_file(key, file));
      }
    });
  } else {
    return 2;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fmt::print("{:.3f} {:.1f}\n", took.count(), static_cast<double>(used.ru_maxrss) / 1024);
  return 0;
}
