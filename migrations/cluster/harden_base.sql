-- Run once a cluster, by a superuser, inside the base database from which every endpoint's database
-- descends. What is taken here from PUBLIC, a reader's or writer's own connection could otherwise do.

REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Large objects are writable by whoever can create one, and belong to no table.
-- Advisory locks are shared by a whole database: one role could hold them against the others.
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
        OR p.proname IN (
          'pg_notify', 'pg_listening_channels', 'pg_notification_queue_usage',
          'pg_export_snapshot', 'pg_current_xact_id', 'txid_current',
          'pg_stat_get_activity', 'pg_stat_get_backend_activity', 'pg_stat_get_progress_info',
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
  pg_catalog.pg_stat_database, pg_catalog.pg_settings, pg_catalog.pg_file_settings,
  pg_catalog.pg_locks, pg_catalog.pg_shdescription, pg_catalog.pg_shdepend, pg_catalog.pg_tablespace
FROM PUBLIC;

-- The database's own owner makes the journal's triggers; nobody else makes functions.
GRANT USAGE ON LANGUAGE plpgsql, sql TO pg_database_owner;
