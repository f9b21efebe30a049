"""What a valid Azure ML job may ask for that this workspace does otherwise or not, and why.

A field that would change what the job does is refused; one that means nothing here is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import Input, JobSpec

FOREIGN = {
    "azureml:/": "it lies in a workspace of Azure",
    "adl:": "Microsoft has switched off Data Lake Storage Gen1",
}
"""Beginnings of data addresses that cannot be followed, and why."""
FOLLOWED = (
    "azureml://jobs/",
    "azureml://datastores/",
    "azureml://registries/",
    "azureml://subscriptions/",
)

INSTEAD = (
    "use a local path, https://…, azureml:NAME:VERSION, azureml://datastores/NAME/paths/…,"
    " azureml://jobs/NAME/outputs/OUTPUT/paths/… or runs:/RUN/PATH"
)


def refusals(spec: JobSpec) -> Iterator[Problem]:
    """What cannot be done as it is asked for."""
    if spec.distribution:
        message = "a job is one process here; start the others in `command`, or leave it out."
        yield Problem(message, "distribution")
    if spec.resources.instance_count > 1:
        message = "there is one machine here, so it must be 1."
        yield Problem(message, "resources.instance_count")
    code = spec.code
    if code and not code.startswith("snapshot:"):
        message = f"'{code}' is not sent along: `code` is a local folder or git+https://…@REF."
        yield Problem(message, "code")
    for name, given in spec.inputs.items():
        if isinstance(given, Input):
            yield from _input_refusals(f"inputs.{name}", given)
    for name, output in spec.outputs.items():
        if output.mode == "direct":
            message = "there is no address to write to: use rw_mount or upload."
            yield Problem(message, f"outputs.{name}.mode")


def warnings(spec: JobSpec, *, in_container: bool = False) -> Iterator[str]:
    """What is accepted and means nothing here."""
    resources = spec.resources
    for field in ("instance_type", "max_instance_count", "locations"):
        if getattr(resources, field):
            yield f"resources.{field}: ignored, there is one machine here."
    if resources.shm_size and not in_container:
        yield "resources.shm_size: ignored, the job runs without a container."
    if resources.docker_args:
        yield "resources.docker_args: ignored, they would open this machine to the job."
    if resources.properties:
        yield "resources.properties: ignored, they speak to Azure's compute."
    if spec.identity:
        yield "identity: ignored, jobs run as the user of the service."
    if spec.services:
        yield "services: not started; what listens on this machine can be reached as it is."
    if spec.queue_settings.job_tier:
        yield "queue_settings.job_tier: ignored, there are no tiers here."


def _input_refusals(field: str, given: Input) -> Iterator[Problem]:
    path = given.path or ""
    for beginning, reason in FOREIGN.items():
        if path.startswith(beginning) and not path.startswith(FOLLOWED):
            yield Problem(f"'{path}' cannot be read: {reason}; {INSTEAD}.", f"{field}.path")
            break
    for key in ("path_on_compute", "datastore"):
        if getattr(given, key):
            message = "data is put where `${{inputs.NAME}}` says; leave it out."
            yield Problem(message, f"{field}.{key}")
