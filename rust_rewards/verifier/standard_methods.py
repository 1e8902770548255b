"""The names of the standard library's methods that tests call on values of standard types.

Not complete, and it need not be exact: a name too many only matters for a program that has a trait with that method
and implements it for a type that is not its own. Names that a task could well ask such a trait to have (`value`,
`and`) are left out.
"""

STANDARD_METHODS = frozenset(
    b"""
    abs abs_diff abs_sub acos acosh add_assign adjacent all and_then any append array_chunks array_windows as_array
    as_bytes as_chunks as_deref as_deref_mut as_micros as_millis as_mut as_mut_slice as_mut_str as_nanos as_path
    as_ptr as_ref as_secs as_secs_f32 as_secs_f64 as_slice as_slices as_str asin asinh atan atan2 atanh back
    back_mut binary_search binary_search_by binary_search_by_key borrow borrow_mut by_ref bytes cbrt ceil chain
    char_indices chars checked_abs checked_add checked_div checked_div_euclid checked_ilog checked_ilog10
    checked_ilog2 checked_mul checked_neg checked_next_power_of_two checked_pow checked_rem checked_rem_euclid
    checked_shl checked_shr checked_sub chunk_by chunks chunks_exact chunks_mut clamp clear clone clone_from cloned
    cmp cmp_by collect compare_exchange concat contains contains_key contains_value copied copysign cos cosh count
    count_ones count_zeros cycle dedup dedup_by dedup_by_key deref difference distance div_ceil div_euclid downcast
    downcast_mut downcast_ref downgrade drain duration_since elapsed encode_utf16 encode_utf8 ends_with entry
    enumerate eq eq_by eq_ignore_ascii_case err escape_debug escape_default escape_unicode exp exp2 exp_m1 expect
    expect_err extend extend_from_slice extract_if fetch_add fetch_sub file_name fill fill_with filter filter_map
    find find_map first first_chunk first_entry first_key_value first_mut first_value flat_map flatten floor fmt
    fold for_each fract from_utf8 front front_mut fuse ge get get_key_value get_mut get_or get_or_init get_or_insert
    get_or_insert_with get_unchecked gt hash hypot ilog ilog10 ilog2 insert insert_str inspect_err intersection
    intersperse into into_boxed_slice into_boxed_str into_bytes into_inner into_iter into_keys into_ok into_owned
    into_sorted_vec into_string into_values into_vec is_absolute is_alphabetic is_alphanumeric is_ascii
    is_ascii_alphabetic is_ascii_alphanumeric is_ascii_control is_ascii_digit is_ascii_graphic is_ascii_hexdigit
    is_ascii_lowercase is_ascii_punctuation is_ascii_uppercase is_ascii_whitespace is_borrowed is_break
    is_char_boundary is_continue is_control is_digit is_disjoint is_empty is_eq is_err is_err_and is_file is_finite
    is_ge is_gt is_infinite is_le is_lowercase is_lt is_match is_nan is_ne is_negative is_none is_none_or is_normal
    is_null is_numeric is_ok is_ok_and is_owned is_partitioned is_positive is_power_of_two is_sign_negative
    is_sign_positive is_some is_some_and is_sorted is_sorted_by is_sorted_by_key is_subset is_superset is_uppercase
    is_whitespace is_zero isqrt iter iter_mut join keys last last_chunk last_entry last_key_value last_mut
    last_value le leading_ones leading_zeros len len_utf16 len_utf8 lines ln ln_1p lock log log10 log2 lt lt_by
    make_ascii_lowercase make_ascii_uppercase map map_break map_err map_or map_or_else map_while match_indices
    matches max max_by max_by_key midpoint min min_by min_by_key mul_add ne neg next next_back next_if next_if_eq
    next_multiple_of next_power_of_two nth nth_back ok ok_or ok_or_else or_default or_else or_insert or_insert_with
    parent parse partial_cmp partial_cmp_by partition partition_in_place partition_point peek peek_mut peekable pop
    pop_back pop_first pop_front pop_if pop_last position pow powf powi product push push_back push_front push_str
    range_mut rchunks read read_line read_to_string recip reduce rem_euclid remove remove_entry remove_item repeat
    replace replace_range replace_with replacen reserve resize resize_with retain retain_mut rev reverse
    reverse_bits rewind rfind rfold rotate_left rotate_right round round_ties_even rposition rsplit rsplit_once
    rsplit_terminator rsplitn saturating_add saturating_mul saturating_pow saturating_sub scan shrink_to
    shrink_to_fit signum sin sin_cos sinh size_hint skip skip_while sort sort_by sort_by_cached_key sort_by_key
    sort_floats sort_unstable sort_unstable_by sort_unstable_by_key splice split split_ascii_whitespace split_at
    split_at_checked split_at_mut split_first split_inclusive split_last split_mut split_off split_once
    split_terminator split_whitespace splitn sqrt starts_with step_by strip_prefix strip_suffix subsec_nanos sum
    swap swap_remove swap_with symmetric_difference take take_if take_while tan tanh then then_some then_with
    to_ascii_lowercase to_ascii_uppercase to_be_bytes to_bits to_degrees to_digit to_le_bytes to_lowercase
    to_ne_bytes to_owned to_path_buf to_radians to_str to_string to_string_lossy to_uppercase to_vec total_cmp
    trailing_ones trailing_zeros transpose trim trim_end trim_end_matches trim_left trim_matches trim_right
    trim_start trim_start_matches trunc truncate try_borrow try_borrow_mut try_fold try_for_each try_from try_into
    try_lock try_recv union unsigned_abs unwrap unwrap_err unwrap_or unwrap_or_default unwrap_or_else unzip upgrade
    values values_mut windows with_capacity wrapping_add wrapping_div wrapping_mul wrapping_neg wrapping_pow
    wrapping_shl wrapping_shr wrapping_sub write write_all write_str zip
    """.split()
)
