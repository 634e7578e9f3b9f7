"""Run time: what people use every day. Releases in, work done."""
