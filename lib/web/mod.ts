/** The web kit: page shell, components, islands, middleware. */
export { type Assets, loadAssets } from "./assets.ts";
export { CodeBlock } from "./components/code_block.tsx";
export { Button, ButtonLink, Choices, Field, Form, Select, TextArea } from "./components/form.tsx";
export { FormPage } from "./components/form_page.tsx";
export { Compartment, EmptyState, Facts, Hold, PageHead, Sheet } from "./components/layout.tsx";
export {
  Badge,
  type Column,
  Confirm,
  formatBytes,
  formatCount,
  formatNumber,
  Notice,
  Progress,
  Table,
  Time,
  type Tone,
} from "./components/pieces.tsx";
export { QrCode } from "./components/qr_code.tsx";
export { HullDrawing } from "./components/logo.tsx";
export { ClientSnippets } from "./components/snippets.tsx";
export { Visible } from "./components/visible_text.tsx";
export { ActivityFilters } from "./dashboard/activity_filters.tsx";
export { activityAddress, activityFilter } from "./dashboard/activity_query.ts";
export { PERMISSION_GROUPS, PERMISSION_TEXT } from "./dashboard/permission_text.ts";
export { ActivityLog } from "./dashboard/activity_view.tsx";
export { changedRowsText, changeState, importText } from "./dashboard/change_text.ts";
export {
  actorOptions,
  actorValue,
  ChangedByView,
  ChangeFilters,
  ChangeList,
} from "./dashboard/changes_view.tsx";
export {
  CouldView,
  DidView,
  ReconnectStep,
  ReportNotice,
  StopStep,
  UndoStep,
} from "./dashboard/leaked_view.tsx";
export {
  DecidedList,
  DecisionBadge,
  LISTED_ROWS,
  NothingToReview,
  ReviewDetail,
  ReviewList,
  ReviewTabs,
  reviewTexts,
} from "./dashboard/review_view.tsx";
export { RowDiff, RowKey } from "./dashboard/row_diff.tsx";
export { UndoPreview, UndoSinceForm } from "./dashboard/undo_view.tsx";
export {
  ConnectEndpoint,
  DeleteEndpoint,
  EndpointActions,
  ForeignKeyForm,
  LoadsView,
  SettingsForm,
  ToolsView,
} from "./dashboard/endpoint_parts.tsx";
export { RulesTable, WritesForm, WritesState } from "./dashboard/access_view.tsx";
export {
  type EditedFilter,
  editFilter,
  joinFilter,
  typedFilter,
  typedRules,
} from "./dashboard/rules_form.ts";
export { RulesForm } from "./dashboard/rules_view.tsx";
export { ContinueForm, PasskeyForm, TwoFactorCode } from "./dashboard/second_factor_view.tsx";
export { PasskeyTable, SecurityView } from "./dashboard/security_view.tsx";
export { TeamTwoFactor } from "./dashboard/team_two_factor.tsx";
export { VerifyIdentity, type Waiting } from "./dashboard/verify_view.tsx";
export { TablesView } from "./dashboard/tables_view.tsx";
export { FileForm } from "./dashboard/file_form.tsx";
export { ImportWaits, IngestReport } from "./dashboard/ingest_report.tsx";
export { ingestState, STATUS_TEXT } from "./dashboard/ingest_text.ts";
export { AppTable } from "./dashboard/app_table.tsx";
export { ConsentView } from "./dashboard/consent_view.tsx";
export { leaveTitle, LeaveView } from "./dashboard/leave_view.tsx";
export { RefusedAppView } from "./dashboard/refused_app_view.tsx";
export {
  ReachedTables,
  shownReach,
  type TableChoices,
  TableReachFields,
  typedReach,
} from "./dashboard/table_reach.tsx";
export { NewTablesForm, WaitingTables, wholeReachText } from "./dashboard/waiting_view.tsx";
export { RemoveMember } from "./dashboard/remove_member.tsx";
export { LineTree, TokenFacts } from "./dashboard/token_line.tsx";
export { TokenForm } from "./dashboard/token_form.tsx";
export { PERMISSION_CHOICES, SUGGESTED_DAYS, TOKEN_PRESETS } from "./dashboard/token_presets.ts";
export { OVERLAPS, RotateForm } from "./dashboard/rotate_form.tsx";
export { TokenTable } from "./dashboard/token_table.tsx";
export { CSRF_HEADER } from "./csrf.ts";
export { type Checked, checkForm, type FormFields } from "./form_data.ts";
export { setSecurityHeaders } from "./headers.ts";
export { Island, type Plain } from "./island.tsx";
export { nextPath } from "./next_path.ts";
export type { NoticeCode } from "./notices.ts";
export {
  memberPage,
  type MemberRequest,
  type PagePermission,
  type PageRequest,
  type PageRoute,
  permit,
  publicPage,
} from "./page.ts";
export type { Shell } from "./shell.tsx";
export { type Client, createPages, createSite } from "./site.tsx";
export { useMay, useRendering } from "./rendering.ts";
