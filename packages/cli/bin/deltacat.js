#!/usr/bin/env -S node --conditions=@deltacat/source --disable-warning=ExperimentalWarning
import { main } from 'deltacat';

process.exitCode = await main(process.argv.slice(2));
