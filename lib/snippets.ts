/** What a person pastes so that a client reaches an endpoint. */
export interface ClientSnippet {
  /** The client's name. */
  readonly client: string;
  /** Where to paste it, in a few words. */
  readonly where: string;
  readonly language: "shell" | "json";
  readonly text: string;
}

/** What a snippet is made of. */
export interface SnippetInput {
  /** Name of the server in the client's list. */
  readonly name: string;
  readonly mcpUrl: string;
  /** A bearer token, or a placeholder where it is no longer known. */
  readonly token: string;
}

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** Snippets for the usual clients, ready to paste. */
export function clientSnippets({ name, mcpUrl, token }: SnippetInput): readonly ClientSnippet[] {
  const authorization = `Bearer ${token}`;
  return [
    {
      client: "Claude Code",
      where: "in a terminal",
      language: "shell",
      text:
        `claude mcp add --transport http ${name} ${mcpUrl} --header "Authorization: ${authorization}"`,
    },
    {
      client: "Claude Desktop",
      where: "in claude_desktop_config.json",
      language: "json",
      // Desktop reads only stdio servers from its file: mcp-remote carries them over HTTP. The header's
      // blank goes through the environment, since some systems split arguments at it.
      text: json({
        mcpServers: {
          [name]: {
            command: "npx",
            args: [
              "-y",
              "mcp-remote",
              mcpUrl,
              "--header",
              "Authorization:${AUTHORIZATION}",
              ...(mcpUrl.startsWith("http:") ? ["--allow-http"] : []),
            ],
            env: { AUTHORIZATION: authorization },
          },
        },
      }),
    },
    {
      client: "Cursor",
      where: "in .cursor/mcp.json",
      language: "json",
      text: json({
        mcpServers: { [name]: { url: mcpUrl, headers: { Authorization: authorization } } },
      }),
    },
    {
      client: "VS Code",
      where: "in .vscode/mcp.json",
      language: "json",
      text: json({
        servers: {
          [name]: { type: "http", url: mcpUrl, headers: { Authorization: authorization } },
        },
      }),
    },
  ];
}
