import { may, type Permission, PERMISSIONS, type Role, ROLES } from "../../lib/auth/mod.ts";
import {
  type Column,
  Compartment,
  Hold,
  PageHead,
  PERMISSION_GROUPS,
  PERMISSION_TEXT,
  publicPage,
  Table,
} from "../../lib/web/mod.ts";

const asksAgain = (permission: Permission) => "sensitive" in PERMISSIONS[permission];

const column = (role: Role): Column<Permission> => ({
  head: role[0]!.toUpperCase() + role.slice(1),
  tight: true,
  cell: (permission) =>
    may(role, permission) ? "Yes" : (
      <>
        <span aria-hidden="true" class="soft">–</span>
        <span class="visually-hidden">No</span>
      </>
    ),
});

const COLUMNS: readonly Column<Permission>[] = [
  {
    head: "Permission",
    cell: (permission) => (
      <>
        {PERMISSION_TEXT[permission]}
        {asksAgain(permission) && <div class="hint">You verify your identity first</div>}
      </>
    ),
  },
  ...ROLES.map(column),
];

/** What concerns a team, by what it is about. */
const GROUPS = Map.groupBy(
  (Object.keys(PERMISSIONS) as Permission[]).filter((one) => PERMISSIONS[one].role !== null),
  (permission) => PERMISSION_GROUPS[permission.split(":")[0]!] ?? "Everything else",
);

const idOf = (group: string) => group.toLowerCase().replaceAll(" ", "-");

/**
 * `/team/roles`: who may do what, as it is checked. For anyone: whoever is invited reads it before they
 * join, and it says nothing of any team.
 */
export const rolesPage = publicPage("/team/roles", {
  get: (page) =>
    page.render(
      { title: "Roles", section: "team" },
      <>
        <PageHead
          title="Roles"
          crumbs={page.session ? [{ href: "/team", label: "Team" }] : []}
          lead={page.session
            ? `Who may do what in a team. Your role in ${page.session.tenantName} is ${page.session.role}.`
            : "Who may do what in a team."}
        />
        <Hold>
          {[...GROUPS].map(([group, permissions]) => (
            <Compartment key={group} id={idOf(group)} title={group}>
              <Table caption={group} columns={COLUMNS} rows={permissions} />
            </Compartment>
          ))}
        </Hold>
      </>,
    ),
});
