"""Of a path from the root on only the last part is published."""

import json

import pytest

from bench.storage.plain_names import plain_params, plain_text, without_folders


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("/a/b c/d.parquet", "d.parquet"),
        ("--out=../x/y.parquet", "--out=y.parquet"),
        ("--root=/home/eve/data (1)", "--root=data (1)"),
        ("--root=/home/eve[1]/data", "--root=data"),
        (r"--plugin=C:\Users\eve\x.py", "--plugin=x.py"),
        (r"\\server\eve\x.py", "x.py"),
        (r"--only=\d+", r"--only=\d+"),
        ("slic[compactness=1,10]", "slic[compactness=1,10]"),
        ("labelfiles[folder=/home/my eve/a,name=b/c]", "labelfiles[folder=a,name=b/c]"),
        ("command[cmd=./sp {image}]", "command[cmd=./sp {image}]"),
        ("command[cmd=../data(1)/sp {image}]", "command[cmd=../data(1)/sp {image}]"),
        ("command[cmd=/home/eve/sp {image}]", "command[cmd=sp {image}]"),
        ("command[cmd=/home/eve,b/secret/sp {n}]", "command[cmd=sp {n}]"),
        ("command[cmd=/home/a&b/(c)/x-y+z~/d#/sp {n}]", "command[cmd=sp {n}]"),
        ("command[cmd=python /home/o'brien/x.py {n}]", "command[cmd=python x.py {n}]"),
        ("--methods=command[cmd=~/eve/sp {n}]", "--methods=command[cmd=sp {n}]"),
        ("command[cmd=~eve/secret/sp {n}]", "command[cmd=sp {n}]"),
        ("command[cmd=$HOME/eve/sp ${HOME}/eve/x {n}]", "command[cmd=sp x {n}]"),
        ("command[cmd=sp /home/eve/{n}.txt]", "command[cmd=sp {n}.txt]"),
        ("command[cmd=sp -o/home/eve/x {n}]", "command[cmd=sp -ox {n}]"),
        ("command[cmd=sp --lib=/eve/a,/eve/b:/eve/c {n}]", "command[cmd=sp --lib=a,b:c {n}]"),
        ("command[cmd=/a/python /eve/x.py -b 1 /c/d {n}]", "command[cmd=python x.py -b 1 d {n}]"),
        ("command[cmd=python /home/eve/x.py a/b {n}]", "command[cmd=python x.py a/b {n}]"),
        ("command[cmd='/home/my eve/sp' {n}]", "command[cmd='sp' {n}]"),
        ("command[cmd='/home/it''s/sp' {n}]", "command[cmd='sp' {n}]"),
        ("command[cmd=/home/'my eve'/sp {n}]", "command[cmd=sp {n}]"),
        (r"command[cmd=/home/my\ eve/sp {n}]", "command[cmd=sp {n}]"),
        ("command[cmd=sp {folder}/image.png]", "command[cmd=sp {folder}/image.png]"),
        ("25,50", "25,50"),
    ],
)
def test_words_of_a_command_lose_folders(word, kept):
    assert without_folders(word) == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("died in /home/eve/bench.py: 1/2 of it", "died in bench.py: 1/2 of it"),
        ("died in /home/eve/a&b/secret/bench.py", "died in bench.py"),
        ("no such file: '/home/eve/data (1)/secret/x.png'", "no such file: 'x.png'"),
        ("/home/eve/data (1)/secret/x.png: no such file", "x.png: no such file"),
        ('File "/home/eve/x[1]/y/z.py", line 3, in f', 'File "z.py", line 3, in f'),
        ('"/home/the Eves\' files/x/y.png" is damaged', '"y.png" is damaged'),
        ("'/home/o'brien/secret/x.py' is not 'a/b'", "'x.py' is not 'a/b'"),
        ("moved /home/eve/a.png to 'b/c'", "moved a.png to 'b/c'"),
        ("neither /eve/a.png, /eve/b.png nor /eve/c", "neither a.png, b.png nor c"),
        ("/home/éve/ünï/x.py", "x.py"),
        (r"C:\Users\eve (1)\x.py", "x.py"),
        (r"'C:\\Users\\eve\\x.py'", "'x.py'"),
        ("shapes (3,4)/(5,6), 1/2, km/h", "shapes (3,4)/(5,6), 1/2, km/h"),
        (
            "see https://example.org/a/b and file:///home/eve/x",
            "see https://example.org/a/b and file:x",
        ),
        ("'/eve/sp {image} {folder}/a/b' ended", "'sp {image} {folder}/a/b' ended"),
        (r"b'oops\n/home/eve/secret/lib.so: no'", r"b'oops\nlib.so: no'"),
        (r"['a\t/home/eve/b', 'c\r/home/eve/d']", r"['a\tb', 'c\rd']"),
        ("\x1b[1;31m/home/eve/x.cpp:\x1b[0m \x1b[K/home/eve/y", "x.cpp: y"),
    ],
)
def test_messages_lose_folders(said, kept):
    assert plain_text(said) == kept


def test_only_texts_among_parameters_change():
    given = {"cmd": "/eve/sp {n}", "weights": "/home/my eve/w.pt", "seed": 1}
    kept = {"cmd": "sp {n}", "weights": "w.pt", "seed": 1}
    assert json.loads(plain_params(json.dumps(given))) == kept
    assert plain_params('{"b":1, "a": "x/y"}') == '{"b":1, "a": "x/y"}'
