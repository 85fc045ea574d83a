"""What is read of FHIR R4 resources. Everything else in them is ignored.

These are models of ours and not those of `fhir.resources`: importing the few we need took nine
seconds of one core, and they refuse a resource for an element that nobody here reads.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from services.core.errors import InvalidMessage

MAX_ENTRIES = 1000
_MAX_ERRORS_NAMED = 10
_Id = Annotated[str, Field(max_length=200)]


class _Element(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, hide_input_in_errors=True)


class Coding(_Element):
    """A code of a code system."""

    code: str | None = None
    display: str | None = None


class CodeableConcept(_Element):
    """A concept by codes, by text, or both."""

    coding: list[Coding] = []
    text: str | None = None

    @property
    def label(self) -> str | None:
        """The text, else the first display, else the first code."""
        shown = [coding.display or coding.code for coding in self.coding]
        return self.text or next((text for text in shown if text), None)


class Identifier(_Element):
    """A business identifier."""

    system: str | None = None
    value: str | None = None
    type: CodeableConcept | None = None

    @property
    def is_record_number(self) -> bool:
        """Whether its type is MR, a medical record number."""
        return self.type is not None and any(code.code == "MR" for code in self.type.coding)


class Reference(_Element):
    """A reference by URL, by identifier, or both."""

    reference: str | None = None
    identifier: Identifier | None = None


class Meta(_Element):
    """When and as what the server stored the resource."""

    versionId: str | None = None  # noqa: N815 - the names are FHIR's
    lastUpdated: str | None = None  # noqa: N815
    source: str | None = None


class Attachment(_Element):
    """A document, in it or at a URL."""

    contentType: str | None = None  # noqa: N815
    data: str | None = Field(None, repr=False)
    url: str | None = None
    creation: str | None = None


class Content(_Element):
    """One rendition of the document."""

    attachment: Attachment = Attachment()


class RelatesTo(_Element):
    """What the document does to another one."""

    code: str | None = None
    target: Reference = Reference()


class Period(_Element):
    """From when to when."""

    start: str | None = None
    end: str | None = None


class Context(_Element):
    """Of what the document tells."""

    period: Period | None = None
    encounter: list[Reference] = []


class Link(_Element):
    """Another resource of the same patient."""

    type: str | None = None
    other: Reference = Reference()


class Encounter(_Element):
    """A contact of the patient with the hospital."""

    id: _Id | None = None
    period: Period | None = None


class Patient(_Element):
    """The patient: of its names and addresses nothing is read."""

    id: _Id | None = None
    meta: Meta = Meta()
    identifier: list[Identifier] = []
    gender: str | None = None
    birthDate: str | None = None  # noqa: N815
    link: list[Link] = []


class Binary(_Element):
    """A document that an attachment points to."""

    id: _Id | None = None
    contentType: str | None = None  # noqa: N815
    data: str | None = Field(None, repr=False)


class DocumentReference(_Element):
    """A clinical document."""

    id: _Id | None = None
    meta: Meta = Meta()
    masterIdentifier: Identifier | None = None  # noqa: N815
    identifier: list[Identifier] = []
    status: str | None = None
    docStatus: str | None = None  # noqa: N815
    type: CodeableConcept | None = None
    subject: Reference = Reference()
    date: str | None = None
    relatesTo: list[RelatesTo] = []  # noqa: N815
    content: list[Content] = []
    context: Context = Context()
    contained: list[dict[str, object]] = Field([], repr=False)


class Request(_Element):
    """What a Bundle asks to do with an entry."""

    method: str | None = None


class Entry(_Element):
    """A resource in a Bundle, read when its type is known."""

    fullUrl: str | None = None  # noqa: N815
    resource: dict[str, object] | None = Field(None, repr=False)
    request: Request | None = None

    @property
    def resource_type(self) -> str:
        """The type of the resource; "" if there is none."""
        found = (self.resource or {}).get("resourceType")
        return found if isinstance(found, str) else ""


class Bundle(_Element):
    """Resources together."""

    type: str | None = None
    timestamp: str | None = None
    entry: Annotated[list[Entry], Field(max_length=MAX_ENTRIES)] = []


T = TypeVar("T", bound=_Element)


def validated(cls: type[T], resource: object) -> T:
    """The resource as far as it is read.

    Raises:
        InvalidMessage: "fhir-invalid", naming elements and kinds of errors.
    """
    try:
        return cls.model_validate(resource)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    named = ", ".join(_named(problem) for problem in problems[:_MAX_ERRORS_NAMED])
    raise InvalidMessage("fhir-invalid", f"{cls.__name__}: {named}")


def _named(problem: ErrorDetails) -> str:
    return f"{'.'.join(str(part) for part in problem['loc'][:4])}: {problem['type']}"
