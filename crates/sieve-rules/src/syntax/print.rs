//! Commands to text.

use super::{Argument, Command, Test, Tests, Value};

/// Writes commands as a script: LF at line ends, four blanks for each block, every string quoted.
///
/// What [`parse`](super::parse) reads from it is what was given, except for the places in the
/// source. A name that is no identifier, an empty list, and a string with a NUL or a lone CR have
/// no spelling in Sieve; they are written as they are, and no reader takes them.
pub fn print(commands: &[Command]) -> Vec<u8> {
    let mut out = vec![];
    block(commands, 0, &mut out);
    out
}

fn block(commands: &[Command], depth: usize, out: &mut Vec<u8>) {
    let indent = " ".repeat(4 * depth);
    for command in commands {
        out.extend_from_slice(indent.as_bytes());
        out.extend_from_slice(command.name.as_bytes());
        arguments(&command.arguments, out);
        tests(&command.tests, out);
        match &command.block {
            None => out.extend_from_slice(b";\n"),
            Some(commands) => {
                out.extend_from_slice(b" {\n");
                block(commands, depth + 1, out);
                out.extend_from_slice(indent.as_bytes());
                out.extend_from_slice(b"}\n");
            }
        }
    }
}

fn tests(tests: &Tests, out: &mut Vec<u8>) {
    match tests {
        Tests::None => {}
        Tests::One(one) => {
            out.push(b' ');
            test(one, out);
        }
        Tests::List(list) => {
            out.extend_from_slice(b" (");
            for (at, one) in list.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(b", ");
                }
                test(one, out);
            }
            out.push(b')');
        }
    }
}

fn test(test: &Test, out: &mut Vec<u8>) {
    out.extend_from_slice(test.name.as_bytes());
    arguments(&test.arguments, out);
    tests(&test.tests, out);
}

fn arguments(arguments: &[Argument], out: &mut Vec<u8>) {
    for argument in arguments {
        out.push(b' ');
        match &argument.value {
            Value::Tag(name) => {
                out.push(b':');
                out.extend_from_slice(name.as_bytes());
            }
            Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => quoted(text, out),
            Value::List(texts) => {
                out.push(b'[');
                for (at, text) in texts.iter().enumerate() {
                    if at > 0 {
                        out.extend_from_slice(b", ");
                    }
                    quoted(text, out);
                }
                out.push(b']');
            }
        }
    }
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
