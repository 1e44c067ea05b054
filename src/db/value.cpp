#include "db/value.hpp"

namespace vedette::db {

Param::Param(const Value& value) {
  std::visit([this](const auto& held) { *this = Param(held); }, value);
}

Value BulkInsert::own(const Param& param) {
  switch (param.kind()) {
    case Kind::kNull:
      return {};
    case Kind::kBool:
      return param.integer() != 0;
    case Kind::kInteger:
      return param.integer();
    case Kind::kReal:
      return param.real();
    case Kind::kText:
      return std::string(param.bytes());
    case Kind::kBlob: {
      const auto bytes = std::as_bytes(std::span(param.bytes()));
      return Blob(bytes.begin(), bytes.end());
    }
    case Kind::kInstant:
      return from_micros(param.integer());
  }
  return {};
}

}  // namespace vedette::db
