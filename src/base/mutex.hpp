// A mutex whose rules the compiler checks: clang's -Wthread-safety refuses to read or write what
// VEDETTE_GUARDED_BY names without the lock. For classes that threads really share; g++ sees plain
// locks. Waiting: std::condition_variable_any with a Lock; a predicate that reads guarded members
// is
// `[this]() VEDETTE_REQUIRES(some_mutex_) { return ...; }`.
#pragma once

#include <mutex>

// Macros because attributes cannot be named otherwise.
#if defined(__clang__)
#define VEDETTE_THREAD_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define VEDETTE_THREAD_ATTRIBUTE(attribute)
#endif
/// After a member: only with this mutex held.
#define VEDETTE_GUARDED_BY(mutex) VEDETTE_THREAD_ATTRIBUTE(guarded_by(mutex))
/// After a function: the caller holds this mutex.
#define VEDETTE_REQUIRES(mutex) VEDETTE_THREAD_ATTRIBUTE(requires_capability(mutex))
/// After a function: the caller must not hold this mutex; the function takes it.
#define VEDETTE_EXCLUDES(mutex) VEDETTE_THREAD_ATTRIBUTE(locks_excluded(mutex))

namespace vedette {

class VEDETTE_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() VEDETTE_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() VEDETTE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope, or for parts of it: unlock() and lock() again.
class VEDETTE_THREAD_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) VEDETTE_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() VEDETTE_THREAD_ATTRIBUTE(release_capability()) {
    if (is_held_) mutex_.unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() VEDETTE_THREAD_ATTRIBUTE(acquire_capability()) {
    mutex_.lock();
    is_held_ = true;
  }
  void unlock() VEDETTE_THREAD_ATTRIBUTE(release_capability()) {
    is_held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

}  // namespace vedette
