export * from './online-model';
export * from './online-model-props';
export * from './warm-up';
