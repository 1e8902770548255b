//! The attribute that stands for `#[test]` in hidden tests of which only rustc can tell what they are: those that macros
//! make. `list` lets rustc say which there are, as errors that name them, before it looks at any type. `run` keeps a test
//! and puts an impl beside it through which the harness calls it, whatever module it lies in and however private it is.

extern crate proc_macro;
use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// What can be read off a test function.
struct Test {
    tokens: Vec<TokenTree>,
    name: String,
    /// The literal that its panic's message must contain; empty for any panic.
    panics: Option<String>,
    /// Its body can only be left at its end.
    ends: bool,
    /// It looks at panics itself.
    catches: bool,
}

impl Test {
    fn read(item: TokenStream) -> Test {
        let tokens: Vec<TokenTree> = item.into_iter().collect();
        let position = tokens.iter().position(|token| is_word(token, "fn")).unwrap_or(0);
        let name = tokens.get(position + 1).map_or(String::new(), ToString::to_string);
        let panics = tokens.iter().find_map(expected_panic);
        let returns = tokens.windows(2).any(|pair| is_sign(&pair[0], '-') && is_sign(&pair[1], '>'));
        let is_const = tokens[..position].iter().any(|token| is_word(token, "const"));
        let body = tokens.last().map_or(TokenStream::new(), |token| TokenStream::from(token.clone()));
        let ends = !returns && !is_const && !any(&body, &|token| is_word(token, "return") || is_sign(token, '?'));
        let catches = any(&body, &|token| ["catch_unwind", "join"].iter().any(|word| is_word(token, word)));
        Test { tokens, name, panics, ends, catches }
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn any(tokens: &TokenStream, holds: &dyn Fn(&TokenTree) -> bool) -> bool {
    tokens.clone().into_iter().any(|token| match &token {
        TokenTree::Group(group) => any(&group.stream(), holds),
        other => holds(other),
    })
}

/// What `#[should_panic]` in its brackets says: the literal behind its `=`, or nothing.
fn expected_panic(token: &TokenTree) -> Option<String> {
    let TokenTree::Group(group) = token else { return None };
    let mut words = flat(group.stream()).into_iter().peekable();
    if group.delimiter() != Delimiter::Bracket || !words.peek().is_some_and(|word| is_word(word, "should_panic")) {
        return None;
    }
    let text: String = words.map(|word| word.to_string()).collect();
    let literal = text.split_once('=').map_or("", |(_, literal)| literal.trim());
    Some(if text.contains('(') { literal.strip_suffix(')').unwrap_or(literal) } else { literal }.trim().to_string())
}

/// The tokens without the invisible brackets around what a macro was given.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let one = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => flat(group.stream()),
        other => vec![other],
    };
    tokens.into_iter().flat_map(one).collect()
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn rust(text: String) -> TokenStream {
    text.parse().unwrap_or_default()
}

/// `#[list]`: an error `rr_test <module> <name> <ends> <catches> <panic>`, the last in hexadecimal, `-` for none.
#[proc_macro_attribute]
pub fn list(_: TokenStream, item: TokenStream) -> TokenStream {
    let Test { name, panics, ends, catches, .. } = Test::read(item);
    let panics = panics.map_or(String::from("-"), |text| format!("x{}", hexadecimal(&text)));
    rust(format!(
        "::core::compile_error!{{::core::concat!(\"rr_test \", ::core::module_path!(), \" {name} {} {} {panics}\")}}",
        u8::from(ends),
        u8::from(catches)
    ))
}

/// `#[run(harness, block)]`: the function itself, and what calls it.
#[proc_macro_attribute]
pub fn run(words: TokenStream, item: TokenStream) -> TokenStream {
    let text = words.to_string();
    let Some((harness, block)) = text.split_once(',') else { return TokenStream::new() };
    let Test { mut tokens, name, ends, .. } = Test::read(item);
    if let (true, Some(TokenTree::Group(body))) = (ends, tokens.last()) {
        let mut inside = body.stream();
        inside.extend(rust(format!("; ::{harness}::reached();")));
        let mut whole = Group::new(Delimiter::Brace, inside);
        whole.set_span(body.span());
        tokens.pop();
        tokens.push(TokenTree::Group(whole));
    }
    let mut made: TokenStream = tokens.into_iter().collect();
    made.extend(rust(format!(
        "impl ::{harness}::HiddenTest for {block}::At<{{ ::{harness}::number(::{harness}::macros::concat!(\
         ::{harness}::macros::module_path!(), \"::{name}\")) }}> {{ fn run() -> ::{harness}::names::bool {{ \
         ::{harness}::outcome({name}()) }} }}"
    )));
    made
}
