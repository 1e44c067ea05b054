#include "base/machine.hpp"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

namespace vedette {

std::optional<MachineMemory> read_memory(std::istream& meminfo) {
  MachineMemory memory;
  std::string name;
  for (std::int64_t kibibytes = 0; meminfo >> name >> kibibytes;) {
    if (name == "MemTotal:") memory.total_bytes = kibibytes * 1024;
    if (name == "MemAvailable:") memory.available_bytes = kibibytes * 1024;
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  if (memory.total_bytes <= 0 || memory.available_bytes <= 0) return std::nullopt;
  return memory;
}

std::optional<MachineLoad> machine_load() {
  MachineLoad load;
  if (getloadavg(&load.load_1, 1) != 1) return std::nullopt;
  std::ifstream meminfo("/proc/meminfo");
  const auto memory = read_memory(meminfo);
  if (!memory) return std::nullopt;
  load.memory = *memory;
  load.cores = static_cast<int>(std::thread::hardware_concurrency());
  return load;
}

}  // namespace vedette
