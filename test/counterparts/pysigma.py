"""Evaluates Sigma rules as pySigma reads them: one JSON question a line on standard input, one JSON answer a line on standard output.

pySigma parses rules and turns them into queries; it matches no events. What stands here is therefore the plainest evaluation of its
condition tree. How a rule is read (modifiers, wildcards, escapes, conditions, lists) is pySigma's; what a field, a text and a missing value are
is the table "Where the specification is silent" of the Sigma package.

The question is the protocol of packages/sigma/conformance: {"id", "rules": YAML text or a list of parsed documents, "placeholders"?,
"events": [{"record", "logsource"?, "time"?}]}; the answer {"id"} with "matches": [[titles] per event], or "refused": reason, or "unsupported": why.
"""

import ipaddress
import json
import re
import sys
from datetime import date, datetime, timedelta, timezone

import re2
from sigma.collection import SigmaCollection
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetection, SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)


class Field:
    """What an event holds under one name: an array is its members, null is told apart."""

    def __init__(self):
        self.found, self.null, self.values = False, False, []

    def add(self, value):
        self.found = True
        if value is None:
            self.null = True
        elif isinstance(value, list):
            for member in value:
                self.add(member)
        else:
            self.values.append(value)


def read(record, name):
    out = Field()
    look(record, name.split("."), out)
    return out


def look(at, keys, out):
    if not keys:
        out.add(at)
    elif isinstance(at, list):
        for member in at:
            look(member, keys, out)
    elif isinstance(at, dict):
        rest = ".".join(keys)
        if rest in at:
            out.add(at[rest])
        elif keys[0] in at:
            look(at[keys[0]], keys[1:], out)


def text(value):
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def fold(value):
    return value.lower().replace("ς", "σ")


def leaves(at):
    """Every text and number, at any depth: what keywords are searched in."""
    if isinstance(at, dict):
        at = list(at.values())
    if isinstance(at, list):
        for member in at:
            yield from leaves(member)
    elif isinstance(at, (str, int, float)) and not isinstance(at, bool):
        yield text(at)


NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
WRITTEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?", re.ASCII)
FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}


def number(value):
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def date_part(value, part):
    """One part of a date as it is written, without its offset; a number is an epoch time, in milliseconds from 1e11 on."""
    timed = True
    try:
        if isinstance(value, str):
            found = WRITTEN.match(value)
            if not found:
                return None
            timed = found[4] is not None
            at = datetime(*(int(digits or 0) for digits in found.groups()))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value / 1000 if abs(value) >= 1e11 else value)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    name = part.name.lower()
    if name in ("minute", "hour"):
        return getattr(at, name) if timed else None
    return date(at.year, at.month, at.day).isocalendar()[1] if name == "week" else getattr(at, name)


class Unresolved(Exception):
    """A placeholder without values."""


class Evaluator:
    def __init__(self, placeholders):
        self.placeholders = placeholders

    def expanded(self, value):
        """The strings that a string with placeholders stands for."""

        def values(placeholder):
            found = self.placeholders.get(placeholder.name)
            if not found:
                raise Unresolved(placeholder.name)
            yield from (SigmaString(each) for each in found)

        return value.replace_placeholders(values) if value.contains_placeholder() else [value]

    def resolve(self, values):
        """A rule whose placeholder has no values is no rule, whether its condition looks there or not."""
        for value in values:
            if isinstance(value, SigmaExpansion):
                self.resolve(value.values)
            elif isinstance(value, SigmaString):
                self.expanded(value)
            elif isinstance(value, SigmaRegularExpression):
                self.expanded(value.regexp)

    def pattern(self, value, anywhere):
        cased = isinstance(value, SigmaCasedString)
        out = []
        for string in self.expanded(value):
            parts = []
            for part in string.s:
                if part == SpecialChars.WILDCARD_MULTI:
                    parts.append(".*")
                elif part == SpecialChars.WILDCARD_SINGLE:
                    parts.append(".")
                else:
                    parts.append(re2.escape(part if cased else fold(part)))
            body = "".join(parts)
            out.append(re2.compile(f"(?s).*{body}.*" if anywhere else f"(?s){body}"))
        return lambda texts: any(one.fullmatch(each if cased else fold(each)) for one in out for each in texts)

    def text_test(self, value, anywhere):
        """A test of texts for the values that a keyword may have too."""
        if isinstance(value, SigmaString):
            return self.pattern(value, anywhere)
        if isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
            word = fold(text(value.number))
            return lambda texts: any(word in fold(each) if anywhere else word == fold(each) for each in texts)
        if isinstance(value, SigmaRegularExpression):
            flags = "".join(sorted(FLAGS[flag] for flag in value.flags))
            found = [re2.compile((f"(?{flags})" if flags else "") + str(one)) for one in self.expanded(value.regexp)]
            return lambda texts: any(one.search(each) for one in found for each in texts)
        if isinstance(value, SigmaExpansion):
            tests = [self.text_test(each, anywhere) for each in value.values]
            return lambda texts: any(test(texts) for test in tests)
        if isinstance(value, SigmaCIDRExpression):
            return lambda texts: any(in_network(value.network, each) for each in texts)
        # What else pySigma takes for a keyword, such as null, is found in no text.
        return lambda texts: False

    def field_test(self, value):
        """A test of (field, record)."""
        if isinstance(value, SigmaNull):
            return lambda field, _: not field.found or field.null
        if isinstance(value, SigmaExists):
            return lambda field, _: field.found == value.exists
        if isinstance(value, SigmaBool):
            word = text(value.boolean)
            return lambda field, _: any(fold(text(each)) == word for each in field.values)
        if isinstance(value, SigmaFieldReference):
            return lambda field, record: refers(value, field, read(record, value.field))
        if isinstance(value, SigmaExpansion):
            tests = [self.field_test(each) for each in value.values]
            return lambda field, record: any(test(field, record) for test in tests)
        compared = self.comparison(value)
        if compared:
            return compared
        test = self.text_test(value, False)
        return lambda field, _: test([text(each) for each in field.values])

    def comparison(self, value):
        op = "EQ" if isinstance(value, SigmaTimestampPart) else None
        right = value
        if isinstance(value, SigmaCompareExpression):
            op, right = value.op.name, value.number
        if op is None:
            return None
        read_left = number
        if isinstance(right, SigmaTimestampPart):
            read_left = lambda each: date_part(each, right.timestamp_part)  # noqa: E731
        holds = {
            "EQ": lambda a, b: a == b,
            "LT": lambda a, b: a < b,
            "LTE": lambda a, b: a <= b,
            "GT": lambda a, b: a > b,
            "GTE": lambda a, b: a >= b,
        }[op]
        limit = right.number
        return lambda field, _: any(left is not None and holds(left, limit) for left in map(read_left, field.values))

    def condition(self, tree):
        """A test of one record."""
        if isinstance(tree, (ConditionAND, ConditionOR)):
            tests = [self.condition(each) for each in tree.args]
            linked = all if isinstance(tree, ConditionAND) else any
            return lambda record: linked(test(record) for test in tests)
        if isinstance(tree, ConditionNOT):
            test = self.condition(tree.args[0])
            return lambda record: not test(record)
        if isinstance(tree, ConditionFieldEqualsValueExpression):
            test, name = self.field_test(tree.value), tree.field
            return lambda record: test(read(record, name), record)
        if isinstance(tree, ConditionValueExpression):
            test = self.text_test(tree.value, True)
            return lambda record: test(list(leaves(record)))
        raise ValueError(f"no meaning for {tree!r}")


def in_network(network, value):
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if getattr(address, "scope_id", None):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None and network.version == 4:
        address = mapped
    return address in network


def refers(value, field, other):
    lefts, rights = ([fold(text(each)) for each in one.values] for one in (field, other))
    if value.starts_with and value.ends_with:
        holds = lambda left, right: right in left  # noqa: E731
    elif value.starts_with:
        holds = str.startswith
    elif value.ends_with:
        holds = str.endswith
    else:
        holds = str.__eq__
    return any(holds(left, right) for left in lefts for right in rights)


def applies(rule, logsource):
    wanted = rule.logsource
    return logsource is None or all(
        getattr(wanted, key) is None or getattr(wanted, key).lower() == logsource.get(key)
        for key in ("product", "service", "category")
    )


def items(detections):
    for detection in detections:
        for each in detection.detection_items:
            yield from items([each]) if isinstance(each, SigmaDetection) else [each]


def load(rules):
    """The rules, each with its filters in it, and whether there are correlations."""
    if isinstance(rules, list) and len(rules) == 1 and "correlation" not in rules[0] and "filter" not in rules[0]:
        return [SigmaRule.from_dict(rules[0])], False
    collection = SigmaCollection.from_dicts(rules) if isinstance(rules, list) else SigmaCollection.from_yaml(rules)
    collection.resolve_rule_references()
    found = [each for each in collection.rules if not isinstance(each, (SigmaCorrelationRule, SigmaFilter))]
    return found, any(isinstance(each, SigmaCorrelationRule) for each in collection.rules)


def answer(question):
    evaluator = Evaluator(question.get("placeholders", {}))
    try:
        rules, correlated = load(question["rules"])
        tests = []
        for rule in rules:
            for item in items(rule.detection.detections.values()):
                evaluator.resolve(item.value)
            trees = [condition.parsed for condition in rule.detection.parsed_condition]
            tests.append((rule, [evaluator.condition(tree) for tree in trees]))
    except SigmaError as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    except Unresolved as error:
        return {"refused": f"unresolved placeholder {error}"}
    except Exception as error:  # What pySigma does not foresee is no rule either.
        return {"refused": f"{type(error).__name__}: {error}"}
    if correlated and not question.get("parseOnly"):
        return {"unsupported": "pySigma runs no correlations"}
    if question.get("parseOnly"):
        return {"matches": []}
    matches = []
    for event in question["events"]:
        record = event["record"]
        hits = (rule for rule, conditions in tests if applies(rule, event.get("logsource")) and any(test(record) for test in conditions))
        matches.append([rule.title for rule in hits])
    return {"matches": matches}


for line in sys.stdin:
    question = json.loads(line)
    sys.stdout.write(json.dumps({"id": question["id"], **answer(question)}) + "\n")
    sys.stdout.flush()
