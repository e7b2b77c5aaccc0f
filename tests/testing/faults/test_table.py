"""The tests of each row of the fault matrix: every fault has a name and a test, and so has every row."""

from __future__ import annotations

import re

import pytest

from assistants_async.testing.faults import FAULTS
from tests.support.faults import name_of
from tests.support.written import written
from tests.testing.faults.test_bodies import HUGE, PACKED, READABLE, UNREADABLE
from tests.testing.faults.test_connections import BROKEN, GOOD, STALE
from tests.testing.faults.test_statuses import NO_DOCUMENT, REDIRECTS, STATUSES
from tests.testing.faults.test_streams import CUTS, ENDS, WELL

SERVER_SIDE: dict[int, str] = {
    1: "reset_before_headers close_before_headers partial_status_line partial_headers",
    2: "reset_after_headers reset_mid_body truncated_content_length chunked_truncated",
    3: "eof_delimited_truncated",
    4: "garbage_response http09 bad_status_code switching_101",
    5: "chunked_bad_size",
    6: "chunked_huge_size content_length_huge",
    7: "content_length_abc content_length_negative content_length_conflict",
    8: "content_length_short poisoned_connection",
    9: "never_answer stall_mid_body",
    10: "slow_headers slow_body",
    11: "never_read_body reset_during_upload early_413",
    12: "stale_close",
    13: "stale_on_reuse",
    14: "late_408",
    15: "continue_100 early_hints_103",
    16: "endless_1xx",
    17: "huge_header many_headers header_without_colon header_nul",
    18: "header_nonascii header_garbage_numbers",
    19: "set_cookie",
    20: "redirect_cross redirect_localhost redirect_scheme_relative redirect_userinfo redirect_chain_back",
    21: "redirect_post_301",
    22: "redirect_file redirect_ftp redirect_no_location redirect_loop redirect_crlf_location",
    23: "status",
    24: "status",
    25: "flaky_status",
    26: "flaky_reset flaky_truncate flaky_stall",
    27: "storm_429",
    28: "retry_after_date",
    29: "insufficient_quota unauthorized proxy_407",
    30: "active_run_400",
    31: "status_204 empty_200 html_200 html_as_json",
    32: "json_wrong_type json_no_type json_bogus_charset",
    33: "error_html_502 error_empty_500 error_odd_shape error_null",
    34: "error_log_injection",
    35: "json_truncated json_trailing_garbage json_utf16 json_invalid_utf8 json_nan json_huge_int json_array json_null",
    36: "json_deep json_deep_unknown_field",
    37: "json_bom json_float_int json_dup_keys json_lone_surrogate json_surrogate_pair json_nul_escape",
    38: "extra_fields missing_optional",
    39: "unknown_enum unknown_types",
    40: "nulls_everywhere id_mismatch",
    41: "page_loop",
    42: "poll",
    43: "gzip_truncated gzip_bad_crc gzip_not_gzip encoding_unknown",
    44: "gzip_bomb gzip_bomb_nested huge_body endless_body",
    45: "endless_error_body",
    46: "sse_reset_between_events sse_reset_mid_event sse_fin_mid_event sse_content_length_short",
    47: "sse_clean_end_early sse_clean_end_mid_event sse_empty",
    48: "sse_no_done sse_after_done sse_done_then_open",
    49: "sse_error_event sse_error_nested",
    50: "sse_bad_json sse_invalid_utf8",
    51: "sse_unknown_event sse_delta_before_created",
    52: "sse_bytes_1 sse_cr sse_crlf sse_bom sse_gzip sse_content_length",
    53: "sse_stall sse_comments_only",
    54: "sse_endless",
    55: "sse_huge_line sse_gzip_bomb",
    56: "sse_wrong_type sse_status",
    57: "sse_run_failed sse_requires_action sse_bad_tool_arguments",
}
"""The faults of each row that a server causes."""

CLIENT_SIDE: dict[int, list[str]] = {
    58: [
        "test_row58_a_port_that_nobody_can_talk_to",
        "test_unsent_requests_are_tried_again",
        "test_an_unknown_host_is_an_error_that_names_it",
    ],
    59: ["test_tls_is_checked", "test_row59_https_on_a_plain_port"],
    60: ["test_text_that_is_no_id_is_refused", "test_no_text_reaches_another_path", "test_row_14_path_escaping"],
    61: ["test_row61_a_header_that_would_be_two_is_refused"],
    62: ["test_a_bad_key_is_refused_when_the_client_is_made", "test_white_space_around_a_key_is_dropped"],
    63: ["test_cancellation_at_every_step", "test_every_suspension", "test_every_suspension_on_a_warm_connection"],
    64: [
        "test_a_cancelled_wait_is_a_cancellation",
        "test_a_waiter_that_is_cancelled_hands_its_turn_on",
        "test_every_suspension_of_a_handshake",
    ],
    65: [
        "test_every_suspension_in_a_scope",
        "test_asyncio_timeout_around_a_call",
        "test_anyio_scope_around_a_call",
        "test_a_neighbour_that_fails",
    ],
    66: ["test_closing_with_everything_open", "test_r22_closing_the_client_ends_open_streams"],
    67: [
        "test_a_call_after_close_is_refused",
        "test_a_client_works_without_async_with",
        "test_a_client_never_closed_warns",
    ],
    68: ["test_another_loop_is_refused_in_one_sentence"],
    69: ["test_row69_a_fork_shares_no_socket"],
    70: [
        "test_a_client_is_neither_pickled_nor_copied",
        "test_every_error_survives_a_pickle",
        "test_row70_models_survive_a_pickle",
    ],
    71: ["test_r18_nothing_is_left_behind", "test_row71_an_exit_with_open_streams_is_quiet"],
    72: [
        "test_no_fault_shows_the_key",
        "test_no_error_shows_the_key",
        "test_no_repr_shows_the_key",
        "test_the_log_has_a_line_for_each_request",
    ],
    73: ["test_a_base_url_is_joined_right", "test_an_unencrypted_way_is_warned_of_once"],
    74: ["test_two_clients_with_two_keys"],
    75: ["test_a_value_that_is_no_file_is_refused_at_once", "test_only_a_plain_name_is_sent"],
    76: ["test_a_file_is_sent_whole_again", "test_row11_a_body_that_is_not_read"],
    77: [
        "test_a_hook_that_raises_stops_the_call",
        "test_a_hook_that_raises_at_the_head_closes_the_connection",
        "test_the_exception_of_on_progress_comes_out_unchanged",
    ],
    78: [
        "test_row57_bad_arguments_are_text",
        "test_arguments_that_do_not_fit_are_refused",
        "test_any_text_is_read_or_refused",
        "test_mistakes_of_the_model_are_answered",
        "test_calls_without_a_function",
        "test_polled_and_streamed_drives_agree",
    ],
    79: ["test_row79_a_clock_that_jumps_changes_no_limit"],
    80: ["test_a_thousand_calls_share_a_pool", "test_a_waiting_call_gets_the_connection_when_it_is_free"],
}
"""The tests of each row that the client is to blame for."""


CASES: frozenset[tuple[int, str]] = frozenset(
    {
        *((case.row, name_of(case.text)) for case in BROKEN),
        *((case.row, name_of(case.text)) for case in STATUSES),
        *((case.row, name_of(case.text)) for case in CUTS),
        *(
            (row, name_of(text))
            for row, text in (*GOOD, *STALE, *REDIRECTS, *UNREADABLE, *READABLE, *PACKED, *HUGE, *WELL)
        ),
        *((31, name) for name in NO_DOCUMENT),
        *((57, name) for name in ENDS),
    }
)
"""The rows and faults of the tables that tests walk."""


def test_every_row_of_the_matrix_is_tested() -> None:
    """Eighty rows, each with its faults or its tests."""
    assert sorted({*SERVER_SIDE, *CLIENT_SIDE}) == list(range(1, 81))


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, names in SERVER_SIDE.items() for name in names.split()])
def test_every_fault_has_a_test_of_its_row(row: int, name: str) -> None:
    """In a table, or in a test that has the row in its name."""
    assert name in FAULTS
    own = [source for test, source in written().items() if f"row{row:02}" in test]
    assert (row, name) in CASES or any(re.search(rf"\b{name}\b", source) for source in own)


def test_every_fault_has_a_row() -> None:
    """Except the one that does no harm."""
    assert {name for names in SERVER_SIDE.values() for name in names.split()} == FAULTS.keys() - {"latency"}


@pytest.mark.parametrize("row", CLIENT_SIDE)
def test_every_row_of_the_client_has_its_tests(row: int) -> None:
    """Each test in the table exists."""
    assert set(CLIENT_SIDE[row]) <= written().keys()
