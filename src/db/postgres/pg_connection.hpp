// One connection to PostgreSQL with its prepared statements. Internal to db/postgres; used by one
// thread at a time. BEGIN travels with the first statement, so that a short transaction costs two
// round trips and a single read one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/backend.hpp"
#include "db/postgres/pg_link.hpp"
#include "db/statement_cache.hpp"

namespace vedette::db {

class PgConnection final : public Connection {
 public:
  PgConnection(std::unique_ptr<PgLink> link, const DatabaseOptions& options);
  ~PgConnection() override;

  Dialect dialect() const override { return Dialect::kPostgres; }
  Result<void> begin(const Begin& how) override;
  Result<void> commit() override;
  void rollback() override;
  Result<Rows> query(std::string_view sql, std::span<const Param> params) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override;
  Result<std::int64_t> insert(const BulkInsert& rows) override;
  Result<void> script(std::string_view sql) override;
  Fault fault() const override { return fault_; }

 private:
  // Closes itself on the server, at the connection's next chance, when the cache drops it.
  struct Statement {
    std::string name;
    bool is_binary = false;
  };
  struct Dropped {
    std::vector<std::string>* names;
    void operator()(Statement* statement) const;
  };
  using OwnedStatement = std::unique_ptr<Statement, Dropped>;

  Result<PgResult> run(std::string_view sql, const PgParams& params);
  Result<const Statement*> prepare(std::string_view sql, const PgParams& params,
                                   const std::string& key);
  Result<std::int64_t> insert_copy(const BulkInsert& rows);
  Result<std::int64_t> insert_values(const BulkInsert& rows);
  Result<void> begin_now();
  std::unexpected<Error> failed(PgFailure failure);
  Micros patience_for(Micros statement_timeout) const;

  const std::unique_ptr<PgLink> link_;
  const Micros default_statement_timeout_;
  const std::size_t max_answer_bytes_;
  std::vector<std::string> dropped_;  // statements to close on the server
  StatementCache<OwnedStatement> statements_;
  std::int64_t prepared_ = 0;
  std::string begin_sql_;  // not sent yet
  bool is_open_ = false;   // the server has a transaction open
  bool is_read_ = false;
  Fault fault_ = Fault::kNone;
};

}  // namespace vedette::db
