export { EXIT } from './exit.ts';
export { main } from './main.ts';
