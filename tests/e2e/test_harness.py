"""The PostgreSQL that other tests rely on: really there, stoppable, its data kept."""


def test_a_stopped_postgres_comes_back_with_its_data(own_postgres):
    url = own_postgres.new_database()
    name = url.rsplit("/", 1)[1]
    own_postgres.sql("CREATE TABLE t AS SELECT 42 AS n", name)
    own_postgres.stop()
    own_postgres.start()
    assert own_postgres.sql("SELECT n FROM t", name) == "42"
    assert own_postgres.sql("SHOW server_version_num") >= "150000"
