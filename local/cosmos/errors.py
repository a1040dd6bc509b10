"""The errors of the service, with its codes and texts."""

from functools import lru_cache

import orjson

from local.cosmos.messages import Response

CODES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    424: "FailedDependency",
    429: "TooManyRequests",
    449: "RetryWith",
    500: "InternalServerError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}

THROTTLED = (
    "Request rate is large. More Request Units may be needed, so no changes were made. "
    "Please retry this request later. Learn more: http://aka.ms/cosmosdb-error-429"
)


class CosmosError(Exception):
    """A request failed with a status of the service."""

    def __init__(
        self, status: int, message: str, substatus: int = 0, headers: dict[str, str] | None = None, charge: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.substatus = substatus
        self.headers = headers or {}
        self.charge = charge
        self.details: dict[str, str] = {}  # more fields of the body

    def body(self, activity: str = "") -> bytes:
        """The body of the response, in the service's form."""
        text = f"{self.message}\r\nActivityId: {activity}" if activity else self.message
        return orjson.dumps({"code": CODES.get(self.status, "Error"), "message": text, **self.details})

    def response(self, activity: str = "") -> Response:
        headers = {"x-ms-request-charge": format_charge(self.charge), **self.headers}
        if self.substatus:
            headers["x-ms-substatus"] = str(self.substatus)
        return Response(self.status, headers, self.body(activity))


@lru_cache(maxsize=4096)  # most documents of a container cost the same
def format_charge(charge: float) -> str:
    """Request units as the header carries them."""
    return f"{charge:.2f}".rstrip("0").rstrip(".")


def bad_request(message: str, substatus: int = 0) -> CosmosError:
    """400 with the message in the service's list of errors."""
    return CosmosError(400, _listed(message), substatus)


def not_found(substatus: int = 0) -> CosmosError:
    """404 for a resource, or with substatus 1003 for its owner."""
    text = "Owner resource does not exist" if substatus == 1003 else "Resource Not Found."
    learn = " Learn more: https://aka.ms/cosmosdb-tsg-not-found"
    return CosmosError(404, _listed(text + learn), substatus)


def _listed(message: str) -> str:
    return "Message: " + orjson.dumps({"Errors": [message]}).decode()


def conflict() -> CosmosError:
    """409: a resource with the id exists."""
    return CosmosError(409, "Entity with the specified id already exists in the system.")


def precondition_failed() -> CosmosError:
    """412: the ETag is not the required one."""
    return CosmosError(412, "One of the specified pre-condition is not met.")


def not_implemented(feature: str) -> CosmosError:
    """501: the service supports the feature, the emulator does not."""
    return CosmosError(501, f"The emulator does not support {feature}; docs/local.md lists what it supports.")


def throttled(wait_ms: float) -> CosmosError:
    """429 with the milliseconds until the partition has request units again."""
    return CosmosError(429, THROTTLED, 3200, {"x-ms-retry-after-ms": str(max(1, round(wait_ms)))})


def range_gone() -> CosmosError:
    """410/1002: the partition key range was split, so the client has to read the ranges again."""
    return CosmosError(410, "The requested resource is no longer available at the server.", 1002)
