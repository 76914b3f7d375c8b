"""Messages through the wall: they come out as they went in, or are refused."""

from __future__ import annotations

import json
import math
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from engine import errors, wire


def kinds(union: Any) -> tuple[type[BaseModel], ...]:
    """The models of an annotated union."""
    return get_args(get_args(union)[0])


REQUESTS = kinds(wire.Request)
ANSWERS = kinds(wire.Answer)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SIMPLE = {str: TEXTS, int: WHOLE, float: NUMBERS, bool: st.booleans(), type(None): st.none()}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """All values a field may have."""
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(inner[0])  # a number that is one
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of([values(one) for one in inner])
    if origin is list:
        return st.lists(values(inner[0]), max_size=5)
    if origin is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=5)
    return messages(annotation)


def messages(form: type[BaseModel]) -> st.SearchStrategy[Any]:
    """All messages of a form."""
    fields = {name: values(field.annotation) for name, field in form.model_fields.items()}
    return st.builds(form, **fields)


def adapter_of(form: type[BaseModel]) -> TypeAdapter[Any]:
    return wire.REQUEST if form in REQUESTS else wire.ANSWER


def as_line(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


@pytest.mark.parametrize("form", [*REQUESTS, *ANSWERS])
@given(data=st.data())
def test_what_went_in_comes_out(form: type[BaseModel], data: st.DataObject) -> None:
    message = data.draw(messages(form))
    line = as_line(message)
    # Lines are what the other end reads, whatever separators a text holds.
    assert b"\n" not in line and b"\r" not in line
    back = adapter_of(form).validate_json(line)
    assert type(back) is form
    assert back == message
    # Also the sign of a zero, and 1 that is not True.
    assert repr(back) == repr(message)


@pytest.mark.parametrize(
    "bits",
    [5e-324, 2.2250738585072014e-308, 1e-17, 0.1 + 0.2, 1 / 3, 1e16 + 2, 1.7e308],
)
def test_not_the_last_digit_of_a_number_is_lost(bits: float) -> None:
    back = wire.ANSWER.validate_json(as_line(wire.Bits(id=1, bits={7: bits, 8: -0.0})))
    assert isinstance(back, wire.Bits)
    assert back.bits[7].hex() == bits.hex()
    assert math.copysign(1, back.bits[8]) == -1


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("field", ["bits", "token_bits"])
def test_what_is_no_number_is_refused_where_it_is_sent_or_arrives(
    number: float, field: str
) -> None:
    """A line that the other end cannot read would be seen by nobody who could tell it."""
    try:
        message: Any = (
            wire.Bits(id=1, bits={0: number})
            if field == "bits"
            else wire.HasRead(id=1, n_tokens=1, token_bits=number)
        )
        line = as_line(message)
    except (ValidationError, PydanticSerializationError):
        return
    assert repr(wire.ANSWER.validate_json(line)) == repr(message)


@pytest.mark.parametrize("lone", ["\ud800", "a \udcff b", "\udfff\ud800"])
def test_half_a_character_is_refused_before_anything_is_sent(lone: str) -> None:
    """Names of files may hold such; as JSON they would be read by nobody."""
    with pytest.raises((ValidationError, PydanticSerializationError)):
        as_line(wire.Load(id=1, role="starter", path=lone, gpu_layers=-1))
    escaped = json.dumps({"kind": "load", "id": 1, "role": "a", "path": lone, "gpu_layers": 0})
    with pytest.raises(ValidationError):
        wire.REQUEST.validate_json(escaped)


@pytest.mark.parametrize("form", [*REQUESTS, *ANSWERS])
@given(data=st.data())
def test_extra_keys_are_refused(form: type[BaseModel], data: st.DataObject) -> None:
    written = json.loads(as_line(data.draw(messages(form))))
    adapter_of(form).validate_json(json.dumps(written))
    with pytest.raises(ValidationError):
        adapter_of(form).validate_json(json.dumps({**written, "more": 1}))


def test_extra_keys_of_a_device_are_refused() -> None:
    device = {
        "name": "CPU",
        "description": "a processor",
        "kind": "CPU",
        "memory_free": 1,
        "memory_total": 2,
    }
    wire.DeviceFacts.model_validate(device)
    with pytest.raises(ValidationError):
        wire.DeviceFacts.model_validate({**device, "more": 1})


@pytest.mark.parametrize("form", [*REQUESTS, *ANSWERS])
def test_every_key_is_wanted(form: type[BaseModel]) -> None:
    written = json.loads(as_line(an_example(form)))
    for key in written:
        less = {name: value for name, value in written.items() if name != key}
        with pytest.raises(ValidationError):
            adapter_of(form).validate_json(json.dumps(less))


def an_example(form: type[BaseModel]) -> BaseModel:
    """One message of a form, the same each time."""
    plain: dict[Any, Any] = {str: "a", int: 1, float: 0.5, bool: True}

    def example(annotation: Any) -> Any:
        inner = get_args(annotation)
        origin = get_origin(annotation)
        if origin is dict:
            return {example(inner[0]): example(inner[1])}
        if origin is list:
            return []
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return an_example(annotation)
        return plain[annotation] if annotation in plain else example(inner[0])

    fields = form.model_fields.items()
    return form(**{name: example(field.annotation) for name, field in fields if name != "kind"})


@pytest.mark.parametrize("kind", ["", "Load", "unload", "quit", None, 1])
def test_unknown_kinds_are_refused(kind: object) -> None:
    line = json.dumps({"kind": kind, "id": 1})
    for adapter in (wire.REQUEST, wire.ANSWER):
        with pytest.raises(ValidationError):
            adapter.validate_json(line)


def test_answers_are_no_requests_and_requests_no_answers() -> None:
    for form in REQUESTS:
        with pytest.raises(ValidationError):
            wire.ANSWER.validate_json(as_line(an_example(form)))
    for form in ANSWERS:
        with pytest.raises(ValidationError):
            wire.REQUEST.validate_json(as_line(an_example(form)))


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b"loaded: ok", b'{"kind":"inspect","id":1}{', b"\xff"],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    for adapter in (wire.REQUEST, wire.ANSWER):
        with pytest.raises(ValidationError):
            adapter.validate_json(line)


@pytest.mark.parametrize("form", [*REQUESTS, *ANSWERS])
def test_a_message_cannot_be_changed(form: type[BaseModel]) -> None:
    with pytest.raises(ValidationError):
        an_example(form).id = 2  # type: ignore[attr-defined]


def test_every_fault_has_a_name_that_is_found_again() -> None:
    forms = [
        form
        for form in vars(errors).values()
        if isinstance(form, type) and issubclass(form, errors.BitraceError)
    ]
    assert len(forms) > 5
    for form in forms:
        assert getattr(errors, form.__name__) is form
