//! What may be shown of URLs and messages: signed query parameters let anyone read an
//! operation, so only `api-version` stays. Errors, logs and Debug output go through here.

/// A URL without the values of its query, `api-version` aside, and without a fragment.
pub(crate) fn url(text: &str) -> String {
    let bare = text.split('#').next().unwrap_or_default();
    let Some((path, query)) = bare.split_once('?') else {
        return credentials(bare);
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            pair.split('=')
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("api-version"))
        })
        .collect();
    let hidden = query.split('&').filter(|pair| !pair.is_empty()).count() > kept.len();
    let mut shown = credentials(path);
    for (index, part) in kept
        .iter()
        .copied()
        .chain(hidden.then_some("…"))
        .enumerate()
    {
        shown.push(if index == 0 { '?' } else { '&' });
        shown.push_str(part);
    }
    shown
}

/// A user name and password before the host go.
fn credentials(path: &str) -> String {
    let Some((scheme, rest)) = path.split_once("://") else {
        return path.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => path.to_owned(),
    }
}

/// A text from outside, fit to be shown: its URLs redacted, what looks like a token hidden,
/// control characters gone, at most `LONGEST` characters.
pub(crate) fn text(raw: &str) -> String {
    let mut shown = String::new();
    for (index, word) in raw.split_whitespace().enumerate() {
        if index > 0 {
            shown.push(' ');
        }
        if let Some(start) = ["https://", "http://"]
            .iter()
            .find_map(|scheme| word.find(scheme))
        {
            shown.push_str(&word[..start]);
            shown.push_str(&url(&word[start..]));
        } else if is_token(word) {
            shown.push('…');
        } else {
            shown.extend(word.chars().filter(|character| !character.is_control()));
        }
        if shown.len() > 4 * LONGEST {
            break;
        }
    }
    if shown.chars().count() > LONGEST {
        shown = shown.chars().take(LONGEST).collect();
        shown.push('…');
    }
    shown
}

const LONGEST: usize = 2000;

/// A JSON web token begins with its encoded `{"`; whatever frames it is no matter.
fn is_token(word: &str) -> bool {
    word.find("eyJ")
        .is_some_and(|start| word.len() - start > 40 && word[start..].contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_api_version_of_a_query_is_shown() {
        let signed = "https://management.azure.com/subscriptions/s/operations/o?api-version=2016-03-30&t=638&c=MIIHpT&s=Vnus&h=kTzp";
        assert_eq!(
            url(signed),
            "https://management.azure.com/subscriptions/s/operations/o?api-version=2016-03-30&…"
        );
        assert_eq!(url("https://h/p?sig=secret"), "https://h/p?…");
        assert_eq!(
            url("https://h/p?api-version=1"),
            "https://h/p?api-version=1"
        );
        assert_eq!(url("https://user:pw@h/p#frag"), "https://…@h/p");
        assert_eq!(url("/relative"), "/relative");
    }

    #[test]
    fn urls_and_tokens_in_messages_are_redacted() {
        let message = text("see (https://a.example/x?sig=abc) for\nthe \u{7}end");
        assert_eq!(message, "see (https://a.example/x?… for the end");
        let token = format!("Bearer eyJ{}.{}.sig", "a".repeat(40), "b".repeat(40));
        assert_eq!(text(&token), "Bearer …");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "ä".repeat(3 * LONGEST);
        assert_eq!(text(&long).chars().count(), LONGEST + 1);
    }
}
