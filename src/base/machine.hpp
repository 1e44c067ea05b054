// What the machine has to do, as its kernel tells: for the operations page. Any thread.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>

namespace vedette {

struct MachineMemory {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;
};

struct MachineLoad {
  double load_1 = 0;  // tasks that ran or waited for a core, mean of the last minute
  int cores = 0;
  MachineMemory memory;
};

/// Of text in the form of /proc/meminfo; nullopt where it does not say both.
std::optional<MachineMemory> read_memory(std::istream& meminfo);

/// Now; nullopt where the system does not say.
std::optional<MachineLoad> machine_load();

}  // namespace vedette
