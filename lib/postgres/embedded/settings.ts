/** What a start decides about the server. */
export interface ServerSettings {
  readonly port: number;
  readonly name: string;
  readonly maxConnections: number;
  readonly sharedBuffersMb: number;
  readonly durable: boolean;
}

// Acceptable only for data that nobody will miss.
const NOT_DURABLE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

/**
 * The server's arguments: settings given there win over every configuration file, so that a cluster
 * behaves by this table whatever was once written into it.
 */
export function serverArguments(cluster: string, settings: ServerSettings): string[] {
  const table: Record<string, string | number> = {
    listen_addresses: "127.0.0.1",
    port: settings.port,
    // A socket's path has a limit of about 100 bytes that a deep data folder exceeds.
    unix_socket_directories: "",
    cluster_name: settings.name,
    max_connections: settings.maxConnections,
    shared_buffers: `${settings.sharedBuffersMb}MB`,
    // Queries here are short: compiling them costs more than it saves.
    jit: "off",
    // The audit log tells changes in the order of their commits; twelve bytes a transaction.
    track_commit_timestamp: "on",
    timezone: "UTC",
    password_encryption: "scram-sha-256",
    // One file per weekday, overwritten a week later.
    logging_collector: "on",
    log_directory: "log",
    log_filename: "postgres-%a.log",
    log_rotation_age: "1d",
    log_rotation_size: 0,
    log_truncate_on_rotation: "on",
    log_timezone: "UTC",
    // The log is for the state of the server. Failed statements are the caller's to record: here they
    // would put one tenant's values into a file that all share.
    log_min_messages: "log",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_statement: "none",
    log_parameter_max_length_on_error: 0,
    ...(settings.durable ? {} : NOT_DURABLE),
  };
  return [
    "-D",
    cluster,
    ...Object.entries(table).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
  ];
}
