"""PUT /api/inputs/{name}: takes a file of any size on one machine, where the inputs are a folder."""

from dataclasses import dataclass

import azure.functions as func

from outlast.http.answers import UploadedFile, answer
from outlast.http.problem import Problem, bad_request
from outlast.http.streamed import StreamedRequest, pieces_of
from outlast.staging.store import Staging
from outlast.staging.uploads import NAME, upload_path


@dataclass(frozen=True, slots=True)
class TakeUpload:
    """`inputs` is None where INPUTS_URL is not set."""

    inputs: Staging | None

    async def take_upload(self, req: StreamedRequest) -> func.HttpResponse:
        """201 with `input`, which starts a report, when the whole file is stored; nothing of it is there before."""
        name = req.route_params["name"]
        if self.inputs is None or self.inputs.signs or not NAME.fullmatch(name):
            text = "this address takes no file; POST /api/inputs returns the one to send yours to"
            raise Problem(404, "Not Found", text, "name")
        path = upload_path(name)
        if await self.inputs.size(path) is not None:
            text = f"{path} is there already; start a report with it, or POST /api/inputs for another name"
            raise Problem(409, "Conflict", text, "name")
        await self.inputs.put_pieces(path, pieces_of(req))
        if not (size := await self.inputs.size(path)):
            await self.inputs.delete(path)
            raise bad_request("the body is empty; send the file, as with curl --upload-file FILE", "body")
        return answer(UploadedFile(path, size), 201)
