-- Run by a superuser inside the base database from which every endpoint's database descends, and again
-- in all of them when this file has changed: each statement may come twice. What is taken here from
-- PUBLIC, a reader's or writer's own connection could otherwise do.

REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Large objects are writable by whoever can create one, and belong to no table.
-- Advisory locks are shared by a whole database: one role could hold them against the others.
-- Locks, statistics and transaction numbers of the cluster tell what happens in other databases.
DO $$
DECLARE
  routine regprocedure;
BEGIN
  FOR routine IN
    SELECT p.oid::regprocedure
    FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (
        p.proname ~ '^(lo_|loread$|lowrite$|pg_(try_)?advisory)'
        OR p.proname ~ '^pg_stat_get_(db|backend|wal|io|bgwriter|checkpointer|slru|replication|subscription)(_|$)'
        OR p.proname ~ '^(pg_control_|pg_current_(wal|snapshot|xact)|txid_(current|status))'
        OR p.proname IN (
          'pg_notify', 'pg_listening_channels', 'pg_notification_queue_usage',
          'pg_export_snapshot', 'pg_xact_status', 'pg_get_multixact_members',
          'pg_stat_get_activity', 'pg_stat_get_progress_info', 'pg_lock_status', 'pg_prepared_xact',
          'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_get_replication_slots',
          'pg_show_all_settings',
          'pg_terminate_backend', 'pg_cancel_backend', 'pg_logical_emit_message',
          'query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema',
          'database_to_xml', 'database_to_xmlschema', 'database_to_xml_and_xmlschema',
          'pg_sleep', 'pg_sleep_for', 'pg_sleep_until'
        )
      )
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
  END LOOP;
END
$$;

-- No anonymous code blocks, no functions of one's own.
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;

REVOKE USAGE ON LANGUAGE sql FROM PUBLIC;

-- The names of other databases and roles say nothing (they are random), yet nobody needs to read them.
REVOKE SELECT ON pg_catalog.pg_database, pg_catalog.pg_roles, pg_catalog.pg_user, pg_catalog.pg_group,
  pg_catalog.pg_auth_members, pg_catalog.pg_db_role_setting, pg_catalog.pg_stat_activity,
  pg_catalog.pg_stat_database, pg_catalog.pg_stat_database_conflicts, pg_catalog.pg_settings,
  pg_catalog.pg_file_settings, pg_catalog.pg_locks, pg_catalog.pg_prepared_xacts,
  pg_catalog.pg_replication_slots, pg_catalog.pg_shdescription, pg_catalog.pg_shdepend,
  pg_catalog.pg_shseclabel, pg_catalog.pg_seclabels, pg_catalog.pg_tablespace,
  pg_catalog.pg_replication_origin, pg_catalog.pg_parameter_acl
FROM PUBLIC;

-- What a row filter compares with, and what a hidden column holds unless told otherwise, are values.
REVOKE SELECT ON pg_catalog.pg_policy, pg_catalog.pg_policies, pg_catalog.pg_attrdef FROM PUBLIC;

GRANT SELECT ON pg_catalog.pg_policy, pg_catalog.pg_policies, pg_catalog.pg_attrdef
TO pg_database_owner;

-- The database's own owner makes the journal's triggers; nobody else makes functions.
GRANT USAGE ON LANGUAGE plpgsql, sql TO pg_database_owner;
