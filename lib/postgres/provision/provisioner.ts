/** The names and secrets of one endpoint's database: random, so that they say nothing. */
export interface DatabaseSpec {
  readonly databaseName: string;
  readonly owner: Login;
  readonly writer: Login;
  readonly reader: Login;
}

/** A login role and its password. */
export interface Login {
  readonly role: string;
  readonly password: string;
}

/** How each of an endpoint's three roles reaches its database. */
export interface DatabaseUrls {
  readonly owner: string;
  readonly writer: string;
  readonly reader: string;
}

/** Makes and removes endpoints' databases. */
export interface Provisioner {
  /** The URLs that a database will have: known before it is made, so that they can be stored first. */
  urls(spec: DatabaseSpec): DatabaseUrls;
  /** Makes database and roles. On failure nothing is left behind, and it may be called again. */
  provision(spec: DatabaseSpec): Promise<void>;
  /** Number of the last step of the trail that new databases have. */
  readonly schemaVersion: number;
  /** Brings a database of an earlier release up to that; may be repeated. */
  upgrade(ownerUrl: string, names: DatabaseNames): Promise<void>;
  /** Tells whether the database is there. */
  exists(names: DatabaseNames): Promise<boolean>;
  /** Removes database and roles, also where only some of them exist. */
  remove(names: DatabaseNames): Promise<void>;
  close(): Promise<void>;
}

/** What must be known to remove a database. */
export interface DatabaseNames {
  readonly databaseName: string;
  readonly ownerRole: string;
  readonly writerRole: string;
  readonly readerRole: string;
}
