// htmx, for pages that change in part: a search, a report that is being written. The attributes stand in the templates.

import htmx from "htmx.org";

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.selfRequestsOnly = true;
// Pages hold what people said: none of it is left behind in the browser's storage.
htmx.config.historyCacheSize = 0;
