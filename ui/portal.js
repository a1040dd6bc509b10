// Links into the Azure portal, where the app says under which address the portal shows its Application Insights.

import { getJson } from "./api.js";
import { el } from "./dom.js";

const DAY = 86400000; // milliseconds
let known;

// The links for a run; none on one machine, where there is no portal.
export async function portalLinks(run) {
  known ??= getJson("reports").then(({ portal }) => /^(https:\/\/[^#]+)#resource(\/subscriptions\/.+)$/.exec(portal ?? ""));
  const found = await known.catch(() => { known = null; });
  if (!found) return [];
  const [, portal, resource] = found;
  return [link("Logs of this run", `${portal}${logs(resource, run)}`),
    link("Azure portal", `${portal}#resource${resource.replace(/\/providers\/.*/, "")}`)];
}

// The form that the portal itself makes for a query that is shared.
function logs(resource, run) {
  const query = `traces | where message has "${run.id.replace(/\W/g, "")}" | order by timestamp asc`;
  const until = run.receipt || run.failure ? new Date(run.updated) : new Date();
  const span = [new Date(new Date(run.accepted) - DAY / 24), new Date(until.getTime() + DAY / 24)].map((time) => time.toISOString());
  return `#blade/Microsoft_Azure_Monitoring_Logs/LogsBlade/resourceId/${encodeURIComponent(resource)}`
    + `/source/LogsBlade.AnalyticsShareLinkToQuery/query/${encodeURIComponent(query)}/timespan/${encodeURIComponent(span.join("/"))}`;
}

const link = (text, href) => el("a", { href, rel: "noreferrer", target: "_blank" }, text);
