"""A refusal's sentence, put at the field that it is about. The sentences stand in a template, translated."""

from __future__ import annotations

from collections.abc import Mapping

from flask import get_template_attribute
from wtforms import Form

from counseling.domain.refusal import Refusal


def say_at(form: Form, refusal: Refusal, words: str, fields: Mapping[str, str]) -> None:
    """Add the sentence that the macro `sentence` of template `words` has for the code to its field of the form.

    `fields` names the field by code; "" is the field of every other code.
    """
    field = form[fields.get(refusal.code, fields[""])]
    sentence = str(get_template_attribute(words, "sentence")(refusal.code, refusal.facts)).strip()
    field.errors = [*field.errors, sentence]
