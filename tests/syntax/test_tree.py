import pytest

from rust_rewards.syntax.tree import (
    NOMINAL_KINDS,
    bare_name,
    declarations,
    declared_in,
    is_declared_beside,
    name_of,
    parse_rust,
    text_of,
    walk,
)


def nodes_of(source):
    return list(walk(parse_rust(source.encode()).root_node))


def first(source, kind):
    return next(node for node in nodes_of(source) if node.type == kind)


def test_broken_source_has_a_tree_too():
    assert parse_rust(b"fn f( {").root_node.has_error


def test_the_walk_is_in_the_order_of_the_text():
    names = [text_of(node) for node in nodes_of("mod a { fn b() {} } fn c() {}") if node.type == "identifier"]
    assert names == [b"a", b"b", b"c"]


def test_the_walk_goes_as_deep_as_the_source():
    source = "fn f() { " + "(" * 10_000 + "x" + ")" * 10_000 + " }"
    assert text_of(nodes_of(source)[-1]) == b"x"


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("fn f() { std::panic!() }", "scoped_identifier", b"panic"),
        ("fn f(x: Stack<u8>) {}", "generic_type", b"Stack"),
        ("fn f(x: &std::fmt::Result) {}", "reference_type", b"Result"),
        ("struct Stack<T>(T);", "struct_item", b"Stack"),
        ("fn r#try() {}", "function_item", b"r#try"),
    ],
)
def test_a_node_has_the_last_plain_name_in_it(source, kind, name):
    assert name_of(first(source, kind)) == name


def test_a_bare_name_is_the_same_with_and_without_the_raw_mark():
    assert bare_name(first("fn r#try() {}", "function_item")) == b"try"


def test_no_node_has_no_name_and_no_text():
    assert (name_of(None), bare_name(None), text_of(None)) == (b"", b"", b"")


@pytest.mark.parametrize(
    "attributes", ["#[cfg(any())]", "#[cfg_attr(x, y)] /// with words\n", "#[cfg(unix)] #[derive(Debug)]"]
)
def test_an_item_that_may_not_be_there_is_declared_nowhere(attributes):
    assert declared_in(first(f"{attributes} struct S;", "struct_item")) is None


@pytest.mark.parametrize(
    ("source", "beside"),
    [
        ("struct S; impl Clone for S {}", True),
        ("struct S<T>(T); impl<T> Clone for S<T> {}", True),
        ("struct r#S; impl Clone for S {}", True),
        ("fn f() { struct S; impl Clone for S {} }", True),
        ("mod m { struct S; } impl Clone for S {}", False),
        ("struct S; mod m { impl Clone for S {} }", False),
        ("#[cfg(any())] struct S; impl Clone for S {}", False),
        ("struct S; impl Clone for m::S {}", False),
        ("struct S; impl Clone for &S {}", False),
        ("impl Clone for String {}", False),
    ],
)
def test_a_type_is_the_programs_own_when_it_is_declared_beside_the_impl(source, beside):
    impl = first(source, "impl_item")
    types = declarations(nodes_of_same_tree(impl), NOMINAL_KINDS)
    assert is_declared_beside(impl, impl.child_by_field_name("type"), types) == beside


def nodes_of_same_tree(node):
    while node.parent is not None:
        node = node.parent
    return list(walk(node))
