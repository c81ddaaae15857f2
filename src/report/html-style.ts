/** The style of HTML reports: light and dark by the reader's choice, readable on paper and narrow screens, no resource from outside. */
export const reportStyle: string = `
:root{color-scheme:light dark;--bg:#f6f7f9;--panel:#fff;--ink:#1a2230;--dim:#5b6678;--line:#dde2ea;--soft:#f0f3f7;--accent:#2457c5;
--error:#b3261e;--error-soft:#fdecea;--warning:#8a5a00;--warning-soft:#fff4dc;--info:#2457c5;--info-soft:#e9f0fd;--good:#1b6e3c;--good-soft:#e4f5ea;--link:#8fa3c4}
@media(prefers-color-scheme:dark){:root{--bg:#12161d;--panel:#1a2029;--ink:#e6eaf1;--dim:#9aa6b8;--line:#2d3644;--soft:#222a35;--accent:#8db4ff;
--error:#ff8a80;--error-soft:#3b1f1f;--warning:#f2c063;--warning-soft:#372b14;--info:#8db4ff;--info-soft:#1d2a42;--good:#79d69c;--good-soft:#173024;--link:#51658a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--accent)}
.skip{position:absolute;left:-9999px}.skip:focus{left:1rem;top:1rem;background:var(--panel);padding:.5rem 1rem;z-index:9}
header,main,footer{max-width:1560px;margin:0 auto;padding:0 28px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:20px;margin:0;overflow-wrap:anywhere}
h3{font-size:13px;margin:26px 0 10px;color:var(--dim);text-transform:uppercase;letter-spacing:.06em}
h3:first-child{margin-top:2px}
.sub{color:var(--dim);margin:0}
section.package{margin-top:30px}
.bar{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:center;margin-bottom:16px}
.verdict{font-weight:650;padding:3px 14px;border-radius:99px}
.verdict.accept{color:var(--good);background:var(--good-soft)}.verdict.reject{color:var(--error);background:var(--error-soft)}
.count{font-size:14px;color:var(--dim)}.count b{color:var(--ink)}
.columns{display:grid;grid-template-columns:minmax(0,6fr) minmax(0,5fr);gap:24px;align-items:start}
.columns.plain{grid-template-columns:minmax(0,1000px)}
@media(max-width:1180px){.columns{grid-template-columns:minmax(0,1fr)}.structure{position:static!important}}
.structure{position:sticky;top:16px;margin:0}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:12px;overflow:auto}
.structure .panel{max-height:92vh}
figcaption{color:var(--dim);font-size:13px;padding:8px 4px 0}
.picture{display:block;width:100%;height:auto;min-width:560px}
.picture text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
.picture .name{font-size:16px;font-weight:650}.picture .dim{fill:var(--dim)}
.picture .card{fill:var(--panel);stroke:var(--line);stroke-width:1.5}
.picture .rule{stroke:var(--line);fill:none}
.picture .controller{fill:var(--info-soft)}
.picture .drive,.picture .nic{fill:var(--soft);stroke:var(--line)}
.picture .network{fill:var(--panel);stroke:var(--link);stroke-width:1.5}
.picture .wire{fill:none;stroke:var(--link);stroke-width:1.3}
.picture .link{fill:none;stroke:var(--link);stroke-width:2}
.picture .icon{fill:none;stroke:var(--dim);stroke-width:1.3;stroke-linecap:round}
.picture .badge{fill:var(--soft);stroke:var(--line)}.picture .badge-text{font-size:11px;font-weight:600;fill:var(--dim)}
.picture .error{stroke:var(--error);stroke-width:2}.picture .warning{stroke:var(--warning);stroke-width:2}
.finding{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--dim);border-radius:10px;padding:12px 16px;margin:0 0 10px}
.finding.error{border-left-color:var(--error)}.finding.warning{border-left-color:var(--warning)}.finding.info{border-left-color:var(--info)}
.finding p{margin:0;overflow-wrap:anywhere}.finding .what{font-weight:600}
.finding .meta{font-size:13px;color:var(--dim);display:flex;flex-wrap:wrap;gap:2px 14px;margin-bottom:4px}
.tag{font-weight:650}.error .tag{color:var(--error)}.warning .tag{color:var(--warning)}.info .tag{color:var(--info)}
.finding .todo{margin-top:6px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:12.5px}
pre{margin:8px 0 0;background:var(--soft);border-radius:8px;padding:8px 0;overflow-x:auto;tab-size:2}
pre span.l{display:block;padding:0 12px;white-space:pre}pre span.l::before{content:attr(data-n);display:inline-block;width:5ch;margin-right:1.5ch;text-align:right;color:var(--dim)}
pre span.at{background:var(--error-soft)}.warning pre span.at{background:var(--warning-soft)}.info pre span.at{background:var(--info-soft)}
mark{background:none;color:inherit;text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px;font-weight:650}
.error mark{color:var(--error)}.warning mark{color:var(--warning)}.info mark{color:var(--info)}
details{margin-top:6px}summary{cursor:pointer;color:var(--dim);font-size:13px}details p{margin:4px 0 0;font-size:14px;color:var(--dim)}
.nothing{background:var(--good-soft);color:var(--good);border-radius:10px;padding:14px 16px;font-weight:600;margin:0}
footer{color:var(--dim);font-size:13px;padding-top:26px;padding-bottom:40px}
@media print{.structure{position:static}.structure .panel{max-height:none}.finding{break-inside:avoid}body{background:#fff}}
`;
