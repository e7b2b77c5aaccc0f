"""The tests of each rule of the stream contract: every id in scope has tests, and every test named here exists."""

from __future__ import annotations

import pytest

from tests.support.written import written

IN_SCOPE = {
    *(f"R{number}" for number in range(1, 24)),
    *("a", "b", "c", "d"),
    *(f"T{number}" for number in (*range(29, 34), 50, 51, 57, 58, *range(63, 73), 85)),
    *(f"N{number}" for number in (*range(1, 20), *range(21, 30), 31, 32, 33, 34)),
}

BY_PREFIX = {
    **{f"R{number}": f"test_r{number:02}_" for number in range(1, 24)},
    **{case: f"test_case_{case}_" for case in "abcd"},
}
"""Rules and cases whose tests begin with their names."""

BY_NAME = {
    "T29": ["test_t29_the_first_item_does_not_wait_for_the_second"],
    "T30": ["test_t30_a_slow_answer_within_the_limits_is_an_answer"],
    "T31": ["test_t31_a_limit_that_passes_leaves_the_client_usable"],
    "T32": ["test_t32_streams_have_no_hidden_cap", "test_t32_a_stream_outlives_the_limit_of_a_call"],
    "T33": ["test_t33_silence_after_an_item_is_a_long_poll_time_out"],
    "T50": ["test_t50_one_object_into_a_channel"],
    "T51": ["test_t51_a_channel_that_nobody_reads_never_hangs"],
    "T57": ["test_t57_t58_a_trace_of_a_stream"],
    "T58": ["test_t57_t58_a_trace_of_a_stream"],
    "T63": ["test_t63_to_t68_items_are_typed_in_every_framing", "test_r01_the_head_is_there_before_any_item"],
    "T64": ["test_t63_to_t68_items_are_typed_in_every_framing"],
    "T65": ["test_t63_to_t68_items_are_typed_in_every_framing"],
    "T66": ["test_t63_to_t68_items_are_typed_in_every_framing"],
    "T67": ["test_r12_a_body_that_ends_inside_an_item", "test_n13_buffered_items_come_before_the_error"],
    "T68": ["test_r14_a_bad_item_ends_the_stream"],
    "T69": ["test_r02_an_error_status_raises_from_entering"],
    "T70": ["test_t70_an_endless_stream_is_closed_at_once"],
    "T71": ["test_t71_a_type_of_the_callers_own_is_for_its_call_alone"],
    "T72": ["test_t71_a_type_of_the_callers_own_is_for_its_call_alone"],
    "T85": ["test_t85_four_ends_are_distinct"],
    "N1": ["test_r08_an_idle_reader_stops_the_server"],
    "N2": ["test_n02_a_long_stream_does_not_grow", "test_r07_many_items_need_the_memory_of_one_read"],
    "N3": ["test_r09_closing_ends_a_read_that_waits", "test_r09_closing_needs_no_polling"],
    "N4": ["test_n04_an_unread_item_costs_nothing"],
    "N5": ["test_r11_a_cancelled_read_loses_nothing"],
    "N6": ["test_r05_every_cut_gives_the_same_items", "test_r05_every_cut_gives_the_same_error"],
    "N7": ["test_r23_push_equals_pull", "test_r23_the_table_is_walked_whole"],
    "N8": ["test_r17_a_stream_read_to_its_end_frees_its_connection"],
    "N9": ["test_r18_nothing_is_left_behind"],
    "N10": ["test_r21_a_second_reader_is_refused"],
    "N11": ["test_n11_three_calls_feed_one_channel", "test_n11_one_error_of_three_calls_reaches_the_reader"],
    "N12": ["test_n12_every_capacity_gives_every_item", "test_n12_a_rendezvous_buffers_nothing"],
    "N13": ["test_n13_buffered_items_come_before_the_error"],
    "N14": ["test_n14_thinking_is_not_silence"],
    "N15": ["test_n15_signs_of_life_keep_a_stream_open"],
    "N16": ["test_r02_an_error_status_raises_from_entering"],
    "N17": ["test_n17_nothing_is_sent_twice_on_a_new_connection"],
    "N18": ["test_r22_closing_the_client_ends_open_streams"],
    "N19": ["test_n19_a_full_pool_fails_fast_and_clearly"],
    "N21": ["test_n21_unknown_events_are_delivered"],
    "N22": ["test_n22_an_error_in_any_shape_raises", "test_n22_an_error_without_the_vendors_shape"],
    "N23": ["test_n23_an_end_without_its_event_is_an_interruption"],
    "N24": ["test_n24_bytes_behind_done_are_never_seen"],
    "N25": ["test_n25_runs_are_the_snapshots"],
    "N26": ["test_n26_a_run_that_requires_action_goes_on_in_the_next_stream"],
    "N27": ["test_n27_a_json_run_answered_to_a_stream"],
    "N28": ["test_r04_an_element_does_not_wait_for_its_page"],
    "N29": ["test_case_d_only_the_top_level_data_counts"],
    "N31": ["test_case_d_a_truncated_page_gives_its_whole_elements"],
    "N32": ["test_case_d_a_bad_element_says_which"],
    "N33": [
        "test_case_d_an_early_break_leaves_the_rest",
        "test_iterating_gives_every_item_of_every_page",
        "test_a_repeated_cursor_ends_the_walk",
    ],
    "N34": ["test_n34_page_mode_equals_the_plain_form"],
}


def test_every_id_in_scope_is_tested() -> None:
    """Nothing is missing from the maps, and nothing is in them that is not in scope."""
    assert {*BY_PREFIX, *BY_NAME} == IN_SCOPE


@pytest.mark.parametrize("rule", sorted(BY_PREFIX))
def test_a_rule_has_tests_of_its_name(rule: str) -> None:
    """At least one test begins with the rule's name."""
    assert [name for name in written() if name.startswith(BY_PREFIX[rule])]


@pytest.mark.parametrize("case", sorted(BY_NAME))
def test_a_case_has_its_tests(case: str) -> None:
    """Each test in the map exists."""
    assert set(BY_NAME[case]) <= written().keys()
