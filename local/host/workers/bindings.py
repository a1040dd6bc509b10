"""The names of triggers and bindings, and which of them this host supports."""

ORCHESTRATION = "orchestrationTrigger"
ACTIVITY = "activityTrigger"
HTTP = "httpTrigger"
TIMER = "timerTrigger"
ENTITY = "entityTrigger"
CLIENT = "durableClient"
HTTP_OUTPUT = "http"
RETURN = "$return"  # the binding of what a function returns
SUPPORTED_TRIGGERS = {HTTP, TIMER, ORCHESTRATION, ACTIVITY, ENTITY}
SUPPORTED = {*SUPPORTED_TRIGGERS, CLIENT, HTTP_OUTPUT}
# A trigger that only makes something unavailable is reported; one whose messages would be lost stops the start.
HARMLESS_TRIGGERS = {"warmupTrigger", "mcpToolTrigger", "mcpResourceTrigger", "assistantSkillTrigger"}
