from __future__ import annotations

from typing import get_args

import pytest

from fhir_server import installed
from tests.conftest import ROOT


@pytest.mark.parametrize("name", get_args(installed.DataFolder))
def test_a_checkout_serves_the_folders_at_its_top_level(name: installed.DataFolder) -> None:
    assert installed.data_folder(name) == ROOT / name


def test_a_folder_that_the_installation_lacks_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder 'gone' in .*_data or "):
        installed.data_folder("gone")  # type: ignore[arg-type]
