// The browser does these by itself: it runs, shows or fetches what is in the URI, or opens a page of its
// own (URL Standard, special schemes; HTML, navigate; vendors' internal pages). Nobody's word opens them.
const BROWSERS_OWN =
  /^(?:about|blob|cid|data|feed|file|filesystem|ftp|http|https|jar|javascript|livescript|mhtml|mid|mk|mocha|pcast|resource|res|vbscript|view-source|ws|wss|wyciwyg|(?:chrome|devtools|edge|brave|opera|vivaldi|moz|safari|ms-browser)(?:-.*)?)$/;

// A program that is there already does what the URI says, whoever wrote it: handlers of the system, and
// schemes that the registry of IANA gives to something other than an app's own use (RFC 7595). A code
// would end up there, or in a command.
const TAKEN =
  /^(?:ms-.*|web\+.*|ext\+.*|x-apple.*|itms.*|com\.apple\..*|android-app|intent|market|content|search|search-ms|shell|hcp|help|jnlp|microsoft\..*|acap|afp|aim|apt|bitcoin|callto|cifs|coap.*|crid|cvs|dav|dict|dns|ed2k|facetime.*|fax|finger|geo|git|go|gopher|h323|iax|icap|im|imap|info|ipfs|ipns|ipp.*|irc.*|jabber|ldap.*|magnet|mailto|maps|message|mms.*|modem|mongodb.*|msrp.*|mtqp|mumble|mupdate|mysql|news|nfs|nntp|nntps|oid|onenote|pkcs11|pop|pop3|postgres.*|pres|prospero|rdp|redis.*|rediss|rlogin|rmi|rsync|rtmp.*|rtsp.*|service|session|sftp|sgn|sieve|sip|sips|skype|smb|sms|smsto|snews|snmp|soap.*|spotify|ssh|steam|stun.*|svn.*|tag|teamspeak|tel|telnet|tftp|tip|tn3270|turn.*|tv|udp|urn|vemmi|vnc|wais|webcal|wpid|xcon.*|xmlrpc.*|xmpp|xri|z39.*)$/;

const FORM = /^[a-z][a-z0-9+.-]*$/;

/** The schemes that an operator lets apps answer at, besides apps' own. */
export type RedirectSchemes = ReadonlySet<string>;

/**
 * Tells whether an app may be answered at a private-use scheme (RFC 8252, section 7.1): any that is the
 * app's own, as far as its name tells, and of the others those that the operator lets.
 *
 * @param scheme In small letters, without its colon.
 */
export function isAppScheme(scheme: string, allowed: RedirectSchemes): boolean {
  if (!FORM.test(scheme) || BROWSERS_OWN.test(scheme)) return false;
  return allowed.has(scheme) || !TAKEN.test(scheme);
}

/** Tells whether an operator may let apps be answered at a scheme: not where the browser acts by itself. */
export function mayBeAllowed(scheme: string): boolean {
  return FORM.test(scheme) && !BROWSERS_OWN.test(scheme);
}
