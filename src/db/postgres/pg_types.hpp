// What both directions of values know of PostgreSQL: its numbers of types, and when it counts from.
// Internal to db/postgres.
#pragma once

#include <cstdint>

namespace vedette::db {

// Type numbers, fixed in PostgreSQL's catalog/pg_type.dat.
enum : unsigned {
  kAny = 0,
  kBoolType = 16,
  kByteaType = 17,
  kNameType = 19,
  kInt8Type = 20,
  kInt2Type = 21,
  kInt4Type = 23,
  kTextType = 25,
  kOidType = 26,
  kJsonType = 114,
  kFloat4Type = 700,
  kFloat8Type = 701,
  kBpcharType = 1042,
  kVarcharType = 1043,
  kDateType = 1082,
  kTimestampType = 1114,
  kTimestampTzType = 1184,
  kNumericType = 1700,
  kVoidType = 2278,
  kUuidType = 2950,
};

// PostgreSQL counts from 2000-01-01.
inline constexpr std::int64_t kEpochShift = 946'684'800'000'000;

}  // namespace vedette::db
