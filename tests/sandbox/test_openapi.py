"""The sandbox held to `docs/notchpay-openapi.yaml` by schemathesis."""

from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import settings
from schemathesis import checks

from pipeline.sandbox import Dialect, SandboxOptions, create_app

YAML = Path(__file__).resolve().parents[2] / "docs" / "notchpay-openapi.yaml"
DIALECTS = (
    "",
    (
        "code=text,object_key=data,success=oas,payments_key=items,phone=integer,"
        "empty_metadata=array,ids=underscore,timestamps=seconds,payment_rows=docs,"
        "fields=oas,delete_body=none,duplicates=409,bad_phone=422,order=oldest"
    ),
    (
        "success=ok,list_metadata=no,payment_rows=2024,error_message=no,search=exact,"
        "duplicates=422,fields=docs,dates=iso,empty_metadata=null,limit_over=422"
    ),
)

# The reconstruction is tolerant on purpose ("never to reject unknown fields"), and so
# is the API: null empties a field, unknown values of filters find nothing.
NOT_HELD = (checks.CHECKS.get_one("negative_data_rejection"),)


@pytest.fixture(params=DIALECTS, ids=("live", "odd", "docs"))
def api(request):
    options = SandboxOptions(
        dialect=Dialect.parse(request.param), seed_customers=40, payments_per_customer=2
    )
    schema = schemathesis.openapi.from_dict(yaml.safe_load(YAML.read_text("utf-8")))
    app = create_app(options)
    schema.app = app
    yield schema
    app.state.store.close()


schema = schemathesis.pytest.from_fixture("api")


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=25, deadline=None)
def test_answers_stay_inside_what_has_been_seen(case):
    case.call_and_validate(
        headers={"Authorization": "pk_test.x"}, excluded_checks=NOT_HELD
    )
