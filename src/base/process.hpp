// Facts about this process that the operations page and the benchmarks show.
#pragma once

#include <cstdint>
#include <string>

namespace vedette {

std::string host_name();
int process_id();

/// Resident memory of this process now, bytes; 0 where the system does not say.
std::int64_t resident_bytes();

/// Names the calling thread for debuggers and `top -H` (15 characters are kept).
void set_thread_name(const std::string& name);

}  // namespace vedette
