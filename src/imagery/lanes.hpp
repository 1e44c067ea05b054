// Loops over pixels in the widest form that this processor has: a body that is inlined into a plain
// function and into one for AVX2, and the choice between them, made once. Inside src/imagery.
#pragma once

namespace vedette::imagery {

/// Whether functions compiled for AVX2 may be called.
inline bool has_avx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace vedette::imagery

// The body of a loop: always a part of the function that calls it.
#define VEDETTE_LOOP [[gnu::always_inline]] inline
// A function that may use AVX2. Elsewhere a plain one, which has_avx2() keeps from being called.
#if defined(__x86_64__)
#define VEDETTE_AVX2 [[gnu::target("avx2")]]
#else
#define VEDETTE_AVX2
#endif
