/** A statement that an endpoint's reader sends over a connection of its own, and how it is refused. */
export interface HostileStatement {
  readonly sql: string;
  /** SQLSTATEs, any of which is a refusal. */
  readonly states: readonly string[];
}

/** insufficient_privilege */
const DENIED = ["42501"];
/** undefined_function, undefined_table: what would be needed is not there. */
const ABSENT = ["42883", "42P01"];

const refused = (states: readonly string[], ...statements: string[]): HostileStatement[] =>
  statements.map((sql) => ({ sql, states }));

/** Changing rows: what the reader may not, whatever its session is set to. */
export const ROW_CHANGES: readonly HostileStatement[] = refused(
  DENIED,
  "INSERT INTO public.customer VALUES (9, 'x')",
  "UPDATE public.customer SET name = 'x'",
  "DELETE FROM public.customer",
  "MERGE INTO public.customer c USING (VALUES (1)) v(id) ON c.id = v.id WHEN MATCHED THEN DELETE",
  "WITH gone AS (DELETE FROM public.customer RETURNING *) SELECT * FROM gone",
  "SELECT * FROM public.customer FOR UPDATE",
  "COPY public.customer FROM STDIN",
);

/** What neither reader nor writer may. */
export const HOSTILE_STATEMENTS: readonly HostileStatement[] = [
  ...refused(
    DENIED,
    // Tables and what belongs to them.
    "TRUNCATE public.customer",
    "DROP TABLE public.customer",
    "ALTER TABLE public.customer ADD COLUMN x int",
    "ALTER TABLE public.customer OWNER TO CURRENT_USER",
    "ALTER TABLE public.customer DISABLE TRIGGER ALL",
    "CREATE INDEX ON public.customer (name)",
    "CREATE RULE r AS ON SELECT TO public.customer DO INSTEAD NOTHING",
    "CREATE POLICY p ON public.customer",
    "COMMENT ON TABLE public.customer IS 'x'",
    "BEGIN; LOCK TABLE public.customer IN ACCESS EXCLUSIVE MODE",
    "CREATE TABLE public.mine (x int)",
    "CREATE TABLE mine AS SELECT * FROM public.customer",
    "CREATE VIEW public.v AS SELECT 1",
    "CREATE MATERIALIZED VIEW public.v AS SELECT 1",
    "CREATE TEMP TABLE t (x int)",
    "CREATE SCHEMA mine",
    "CREATE SEQUENCE public.s",
    "CREATE TYPE public.t AS (x int)",
    "DROP SCHEMA public CASCADE",
    // Code.
    "DO $$ BEGIN PERFORM 1; END $$",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS 'libc', 'system'",
    "CREATE TRIGGER t AFTER INSERT ON public.customer EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION f()",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "CREATE LANGUAGE plperlu",
    "LOAD 'x.so'",
    // Files and programs of the machine.
    "COPY public.customer TO PROGRAM 'cat'",
    "COPY public.customer FROM PROGRAM 'id'",
    "COPY public.customer TO '/var/out'",
    "COPY public.customer FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_ls_logdir()",
    "SELECT pg_ls_waldir()",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT pg_current_logfile()",
    "SHOW data_directory",
    "SELECT current_setting('config_file')",
    // Large objects.
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/var/out')",
    "SELECT lo_get(1)",
    "SELECT lo_unlink(1)",
    "SELECT lo_open(1, 131072)",
    // Roles.
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEDB",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
    "ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'",
    "CREATE ROLE mine LOGIN",
    "GRANT pg_read_all_data TO CURRENT_USER",
    "GRANT bulkhead_app TO CURRENT_USER",
    "SET ROLE bulkhead_admin",
    "SET ROLE bulkhead_app",
    "SET ROLE pg_database_owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET session_replication_role = replica",
    "SET temp_file_limit = -1",
    "SET log_statement = 'none'",
    // Databases and the cluster.
    "CREATE DATABASE mine",
    "DROP DATABASE postgres",
    "ALTER DATABASE postgres SET work_mem = '1GB'",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_create_physical_replication_slot('x')",
    "CHECKPOINT",
    "CREATE TABLESPACE t LOCATION '/var'",
    "CREATE PUBLICATION p FOR ALL TABLES",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE FOREIGN DATA WRAPPER w",
    "SELECT pg_logical_emit_message(true, 'x', 'y')",
    "SELECT pg_export_snapshot()",
    // Others' sessions, and what all share.
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_advisory_xact_lock_shared(1)",
    "SELECT pg_notify('note', 'x')",
    "SELECT pg_sleep(60)",
    // Who else is here.
    "SELECT * FROM pg_database",
    "SELECT * FROM pg_roles",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_user",
    "SELECT * FROM pg_group",
    "SELECT * FROM pg_auth_members",
    "SELECT * FROM pg_db_role_setting",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stat_get_activity(NULL)",
    "SELECT * FROM pg_stat_database",
    "SELECT * FROM pg_locks",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT * FROM pg_settings",
    "SELECT * FROM pg_tablespace",
    "SELECT * FROM pg_shdepend",
    "SELECT * FROM pg_shdescription",
    "SELECT * FROM pg_user_mapping",
    "SELECT * FROM pg_statistic",
    "SELECT database_to_xml(true, true, '')",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    // Our own books, and tables that are not exposed.
    "SELECT * FROM bulkhead.loads",
    "SELECT * FROM bulkhead.rejects",
    "SELECT * FROM bulkhead.schema_migrations",
    "DELETE FROM bulkhead.rejects",
    "SELECT * FROM staging.draft",
    "SELECT * FROM public.hidden",
    "CREATE TABLE bulkhead.mine (x int)",
    "CREATE TABLE staging.mine (x int)",
  ),
  ...refused(
    [...DENIED, ...ABSENT],
    "SELECT dblink('host=127.0.0.1', 'SELECT 1')",
    "SELECT * FROM dblink_connect('x')",
    "SELECT pg_stat_statements_reset()",
    "SELECT xpath_table('a', 'b', 'c', 'd', 'e')",
  ),
  // object_not_in_prerequisite_state: switched off in the cluster.
  ...refused(["55000"], "BEGIN; PREPARE TRANSACTION 'x'"),
];

/** What Postgres answers with a warning at most, and then does nothing. */
export const EFFECTLESS_STATEMENTS: readonly string[] = [
  "GRANT INSERT ON public.customer TO PUBLIC WITH GRANT OPTION",
  "GRANT CREATE ON SCHEMA public TO CURRENT_USER",
  "REVOKE SELECT ON public.customer FROM CURRENT_USER",
  "VACUUM public.customer",
  "ANALYZE public.customer",
];
